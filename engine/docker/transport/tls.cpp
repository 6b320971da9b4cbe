#include "engine/docker/transport/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace containerizer {

namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    free(thing);
  }
};
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Free<SSL_free>>;

// The host's configuration of OpenSSL can name modules, which a static program cannot load.
void begin_openssl() { OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

Failure unavailable(const std::string& reason) { return Failure{Fault::unavailable, reason}; }

// OpenSSL's own words for what went wrong first.
std::string words_of(unsigned long error) {
  const char* words = ERR_reason_error_string(error);
  if (words != nullptr) return words;
  return ERR_SYSTEM_ERROR(error) ? std::strerror(ERR_GET_REASON(error)) : "unknown error";
}

// --- The socket, as OpenSSL sees it. Its own way to write to one can raise SIGPIPE.

int socket_of(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

int write_socket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto count = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int read_socket(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const auto count = ::recv(socket_of(bio), buffer, static_cast<std::size_t>(size), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(count);
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// Lives as long as the process.
BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

// `socket` has to stay where it is.
BIO* new_socket(int& socket) {
  BIO* bio = BIO_new(socket_method());
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

// --- Settings

// Without this, OpenSSL asks for it at the terminal.
int no_password(char*, int, int, void*) { return -1; }

Status trust(SSL_CTX* context, const TlsSettings& settings) {
  if (!settings.verify) return Done{};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // Whatever certificate the operator trusts is enough, be it the daemon's own.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  if (settings.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_file(context, settings.ca.c_str()) != 1) {
    return unavailable("cannot take the CA's certificate from " + settings.ca + ": " +
                       words_of(ERR_peek_error()));
  }
  return Done{};
}

Status identify(SSL_CTX* context, const TlsSettings& settings) {
  if (settings.certificate.empty() || settings.key.empty()) return Done{};
  if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1) {
    return unavailable("cannot take the certificate from " + settings.certificate + ": " +
                       words_of(ERR_peek_error()));
  }
  SSL_CTX_set_default_passwd_cb(context, no_password);
  if (SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unavailable("cannot take the key of " + settings.certificate + " from " + settings.key +
                       " (it must not be encrypted): " + words_of(ERR_peek_error()));
  }
  return Done{};
}

// The name that the certificate must have, which is also the one that the server is asked for.
void expect(SSL* session, const std::string& server) {
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

// --- What went wrong

constexpr int kAlert = SSL_AD_REASON_OFFSET;

bool is_about_our_certificate(int reason) {
  switch (reason) {
    case kAlert + SSL_AD_HANDSHAKE_FAILURE:
    case kAlert + SSL_AD_BAD_CERTIFICATE:
    case kAlert + SSL_AD_UNSUPPORTED_CERTIFICATE:
    case kAlert + SSL_AD_CERTIFICATE_REVOKED:
    case kAlert + SSL_AD_CERTIFICATE_EXPIRED:
    case kAlert + SSL_AD_CERTIFICATE_UNKNOWN:
    case kAlert + SSL_AD_UNKNOWN_CA:
    case kAlert + SSL_AD_ACCESS_DENIED:
    case kAlert + SSL_AD_CERTIFICATE_REQUIRED:
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

struct TlsSession::State {
  int socket;
  TlsSettings settings;
  std::string server;
  Session session;
  bool is_usable = false;  // the handshake is complete, and nothing has failed since

  std::string explain(unsigned long error) const;
};

std::string TlsSession::State::explain(unsigned long error) const {
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return words_of(error);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return distrust(SSL_get_verify_result(session.get()), settings, server);
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
    return "what listens there does not speak TLS";
  }
  if (is_about_our_certificate(reason)) return refused_certificate(settings, words_of(error));
  return words_of(error);
}

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}

TlsSession::~TlsSession() {
  if (state_->is_usable) SSL_shutdown(state_->session.get());
  ERR_clear_error();
}

Result<std::unique_ptr<TlsSession>> TlsSession::prepare(int socket, const TlsSettings& settings,
                                                        const std::string& server) {
  begin_openssl();
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_client_method()));
  if (!context) return unavailable("no memory for TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_read_ahead(context.get(), 0);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  for (const auto& take : {trust, identify}) {
    const Status taken = take(context.get(), settings);
    if (!taken.ok()) return taken.failure();
  }
  auto state =
      std::make_unique<State>(State{socket, settings, server, Session(SSL_new(context.get()))});
  SSL* session = state->session.get();
  if (session == nullptr) return unavailable("no memory for TLS");
  expect(session, server);
  BIO* bio = new_socket(state->socket);
  SSL_set_bio(session, bio, bio);
  SSL_set_connect_state(session);
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(state)));
}

Transfer TlsSession::judge(int result, std::size_t count) {
  using Outcome = Transfer::Outcome;
  if (result == 1) return {Outcome::moved, count};
  const int system_error = errno;
  const int kind = SSL_get_error(state_->session.get(), result);
  if (kind == SSL_ERROR_WANT_READ) return {Outcome::needs_input};
  if (kind == SSL_ERROR_WANT_WRITE) return {Outcome::needs_output};
  if (kind == SSL_ERROR_ZERO_RETURN) return {Outcome::closed};
  state_->is_usable = false;
  const auto error = ERR_peek_error();
  if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
      ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return {Outcome::closed};
  }
  return {Outcome::failed, 0, error != 0 ? state_->explain(error) : std::strerror(system_error)};
}

Transfer TlsSession::handshake() {
  ERR_clear_error();
  auto transfer = judge(SSL_connect(state_->session.get()), 0);
  state_->is_usable = transfer.outcome == Transfer::Outcome::moved;
  return transfer;
}

Transfer TlsSession::send(std::string_view bytes) {
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_write_ex(state_->session.get(), bytes.data(), bytes.size(), &count);
  auto transfer = judge(result, count);
  if (transfer.outcome != Transfer::Outcome::failed) return transfer;
  const auto words = last_words();
  return words.empty() ? transfer : Transfer{Transfer::Outcome::failed, 0, words};
}

// Why the other side has closed a connection, if it has said so: in TLS 1.3 it looks at our
// certificate when the handshake is complete for us.
std::string TlsSession::last_words() {
  char nothing = 0;
  const auto heard = receive(&nothing, sizeof nothing);
  return heard.outcome == Transfer::Outcome::failed ? heard.reason : "";
}

Transfer TlsSession::receive(char* buffer, std::size_t size) {
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(state_->session.get(), buffer, size, &count);
  return judge(result, count);
}

std::string sha256_hex(std::string_view bytes) {
  begin_openssl();
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(), digest, &size);
  std::string text;
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 0xFU];
  }
  return text;
}

}  // namespace containerizer
