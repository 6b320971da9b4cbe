// The parts of TLS that Asio leaves to its user: the certificates to read and to trust, the name to
// expect, and the text of a failure. OpenSSL starts with the first context, not before.
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

// Makes the context of one connection, for TLS 1.2 and 1.3. Reads the certificates anew, because
// the operator may have renewed them. unavailable: OpenSSL cannot use a file of the settings; the
// text names the file. No trouble with a certificate is `refused`, because the operator can renew
// the certificate.
Result<TlsContext> make_tls_context(const TlsSettings& settings);

// Makes a session ask for `server`, an address or a name, and accept only a certificate for it.
// Without verification, the session accepts any certificate.
void expect_server(SSL* session, const std::string& server);

// Returns why an operation of a session failed, as a clause about the daemon ("it …").
std::string explain_tls(const boost::system::error_code& error, SSL* session,
                        const TlsSettings& settings, const std::string& server);

}  // namespace containerizer
