#include "engine/docker/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <boost/algorithm/hex.hpp>
#include <iterator>

namespace containerizer {

std::string sha256_hex(std::string_view bytes) {
  // The host's configuration of OpenSSL can name modules. A static program cannot load them.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(), digest, &size);
  std::string text;
  boost::algorithm::hex_lower(digest, digest + size, std::back_inserter(text));
  return text;
}

}  // namespace containerizer
