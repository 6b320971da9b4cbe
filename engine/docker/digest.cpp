// OpenSSL 3 prefers EVP_Q_digest. That first loads a provider with all of its algorithms, which
// takes a tenth of a whole `launch`.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "engine/docker/digest.h"

#include <openssl/sha.h>

#include <array>
#include <boost/algorithm/hex.hpp>
#include <iterator>

namespace containerizer {

std::string sha256_hex(std::string_view bytes) {
  SHA256_CTX context;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  std::string text;
  boost::algorithm::hex_lower(digest.begin(), digest.end(), std::back_inserter(text));
  return text;
}

}  // namespace containerizer
