// Certificates that a test creates with openssl.
#pragma once

#include <string>

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// A certificate authority. The destructor removes its files and all certificates.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  fs::path ca() const { return directory_ / "ca.pem"; }
  // Creates a directory with ca.pem, cert.pem and key.pem, the names that docker uses, and returns
  // it. `names` is a subjectAltName. If `days` is negative, the certificate has already expired.
  fs::path certify(const std::string& who, const std::string& names, int days = 2) const;

 private:
  fs::path directory_;
};

}  // namespace containerizer::integration
