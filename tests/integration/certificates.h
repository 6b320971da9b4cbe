// Certificates that a test makes for itself, by openssl.
#pragma once

#include <string>

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// Who signs. Its files, and those of whom it certifies, go with it.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  fs::path ca() const { return directory_ / "ca.pem"; }
  // Makes a directory with ca.pem, cert.pem and key.pem, as docker wants them, and returns it.
  // `names` is a subjectAltName; with fewer than no `days`, the certificate has expired.
  fs::path certify(const std::string& who, const std::string& names, int days = 2) const;

 private:
  fs::path directory_;
};

}  // namespace containerizer::integration
