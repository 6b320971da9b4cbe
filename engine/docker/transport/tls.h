// TLS with the daemon, as far as Asio leaves it to its user: which certificates are read and
// trusted, and what went wrong. OpenSSL is not touched before the first context.
#pragma once

#include <openssl/types.h>

#include <boost/system/error_code.hpp>
#include <memory>
#include <string>

#include "engine/docker/transport/endpoint.h"
#include "host/result.h"

namespace containerizer {

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const;
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTlsContext>;

// What one connection is made with: TLS 1.2 or 1.3, the certificates as they are in the files now.
// unavailable: a file of the settings cannot be used; the text names it. Nothing that may be wrong
// with certificates is a refusal, because they can be renewed.
Result<TlsContext> make_tls_context(const TlsSettings& settings);

// Has a session ask for `server`, an address or a name, and take only a certificate for it.
void expect_server(SSL* session, const std::string& server);

// Why an operation of a session failed, as a clause about the other side.
std::string explain_tls(const boost::system::error_code& error, SSL* session,
                        const TlsSettings& settings, const std::string& server);

}  // namespace containerizer
