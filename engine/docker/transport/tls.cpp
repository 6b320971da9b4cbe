#include "engine/docker/transport/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl/error.hpp>
#include <cstring>

namespace containerizer {

namespace {

// The host's configuration of OpenSSL can name modules. A static program cannot load them.
void begin_openssl() { OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

Failure failure(const std::string& reason) { return Failure{Fault::unavailable, reason}; }

// OpenSSL's own text for an error.
std::string words_of(unsigned long error) {
  const char* words = ERR_reason_error_string(error);
  if (words != nullptr) return words;
  return ERR_SYSTEM_ERROR(error) ? std::strerror(ERR_GET_REASON(error)) : "unknown error";
}

// --- Settings

// Without this callback, OpenSSL asks for the password at the terminal.
int no_password(char*, int, int, void*) { return -1; }

Status trust(SSL_CTX* context, const TlsSettings& settings) {
  if (!settings.verify) return Done{};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // The operator may name any certificate as trusted, the daemon's own included.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  if (settings.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_file(context, settings.ca.c_str()) != 1) {
    return failure("cannot take the CA's certificate from " + settings.ca + ": " +
                   words_of(ERR_peek_error()));
  }
  return Done{};
}

Status identify(SSL_CTX* context, const TlsSettings& settings) {
  if (settings.certificate.empty() || settings.key.empty()) return Done{};
  if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1) {
    return failure("cannot take the certificate from " + settings.certificate + ": " +
                   words_of(ERR_peek_error()));
  }
  SSL_CTX_set_default_passwd_cb(context, no_password);
  if (SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return failure("cannot take the key of " + settings.certificate + " from " + settings.key +
                   " (it must not be encrypted): " + words_of(ERR_peek_error()));
  }
  return Done{};
}

// --- Failures

constexpr int first_alert = SSL_AD_REASON_OFFSET;

bool is_about_our_certificate(int reason) {
  switch (reason) {
    case first_alert + SSL_AD_HANDSHAKE_FAILURE:
    case first_alert + SSL_AD_BAD_CERTIFICATE:
    case first_alert + SSL_AD_UNSUPPORTED_CERTIFICATE:
    case first_alert + SSL_AD_CERTIFICATE_REVOKED:
    case first_alert + SSL_AD_CERTIFICATE_EXPIRED:
    case first_alert + SSL_AD_CERTIFICATE_UNKNOWN:
    case first_alert + SSL_AD_UNKNOWN_CA:
    case first_alert + SSL_AD_ACCESS_DENIED:
    case first_alert + SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

std::string distrust(long verdict, const TlsSettings& settings, const std::string& server) {
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "its certificate is not for " + server + "; name it as its certificate does";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "its certificate is not signed by " +
             (settings.ca.empty() ? "any CA that this host trusts" : "the CA in " + settings.ca);
    default:
      return std::string("its certificate is not accepted: ") +
             X509_verify_cert_error_string(verdict);
  }
}

std::string refused_certificate(const TlsSettings& settings, const std::string& words) {
  const bool has_one = !settings.certificate.empty() && !settings.key.empty();
  return (has_one ? "it does not accept the certificate in " + settings.certificate
                  : std::string("it asks for a certificate, and there is none to show")) +
         " (" + words + ")";
}

}  // namespace

void FreeTlsContext::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<TlsContext> make_tls_context(const TlsSettings& settings) {
  begin_openssl();
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return failure("no memory for TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  for (const auto& take : {trust, identify}) {
    const Status taken = take(context.get(), settings);
    if (!taken.ok()) return taken.failure();
  }
  return context;
}

void expect_server(SSL* session, const std::string& server) {
  in6_addr address;
  const bool is_address = inet_pton(AF_INET, server.c_str(), &address) == 1 ||
                          inet_pton(AF_INET6, server.c_str(), &address) == 1;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), server.c_str());
    return;
  }
  SSL_set_hostflags(session,
                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  SSL_set1_host(session, server.c_str());
  SSL_set_tlsext_host_name(session, server.c_str());
}

std::string explain_tls(const boost::system::error_code& error, SSL* session,
                        const TlsSettings& settings, const std::string& server) {
  if (error.category() != boost::asio::error::get_ssl_category()) return error.message();
  const auto code = static_cast<unsigned int>(error.value());
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return words_of(code);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return distrust(SSL_get_verify_result(session), settings, server);
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
    return "what listens there does not speak TLS";
  }
  if (is_about_our_certificate(reason)) return refused_certificate(settings, words_of(code));
  return words_of(code);
}

}  // namespace containerizer
