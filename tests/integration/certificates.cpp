#include "tests/integration/certificates.h"

#include <catch2/catch.hpp>
#include <cstdlib>

namespace containerizer::integration {
namespace {

// An explicit configuration, so that the one of the host cannot add extensions.
constexpr const char* configuration = "[req]\ndistinguished_name = name\n[name]\n";

void openssl(std::vector<std::string> words) {
  words.insert(words.begin(), "openssl");
  output_of(words);
}

// The arguments for a new key and a certificate request, or a self-signed certificate.
std::vector<std::string> request_for(const fs::path& directory, const std::string& who,
                                     const fs::path& key) {
  return {"req",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
          "-config",
          directory / "openssl.cnf",
          "-subj",
          "/CN=" + who,
          "-keyout",
          key};
}

}  // namespace

Authority::Authority() {
  std::string pattern = fs::temp_directory_path() / "authority-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  write_file(directory_ / "openssl.cnf", configuration);
  auto words = request_for(directory_, "authority", directory_ / "ca-key.pem");
  words.insert(words.end(), {"-x509", "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE",
                             "-out", ca()});
  openssl(words);
}

Authority::~Authority() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

fs::path Authority::certify(const std::string& who, const std::string& names, int days) const {
  const auto place = directory_ / who;
  fs::create_directories(place);
  fs::copy_file(ca(), place / "ca.pem", fs::copy_options::overwrite_existing);
  auto words = request_for(directory_, who, place / "key.pem");
  words.insert(words.end(), {"-addext", "subjectAltName=" + names, "-out", place / "request"});
  openssl(words);
  openssl({"x509", "-req", "-in", place / "request", "-copy_extensions", "copy", "-CA", ca(),
           "-CAkey", directory_ / "ca-key.pem", "-days", std::to_string(days), "-out",
           place / "cert.pem"});
  return place;
}

}  // namespace containerizer::integration
