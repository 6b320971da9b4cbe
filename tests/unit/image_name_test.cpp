#include "engine/translation/image_name.h"

#include <catch2/catch.hpp>

using namespace containerizer;

namespace {
const std::string digest_prefix(64, 'a');
}

TEST_CASE("image names become references") {
  struct Case {
    std::string image, reference;
  };
  const auto example = GENERATE(values<Case>({
      {"docker:///ubuntu:13.04", "ubuntu:13.04"},
      {"docker://ubuntu:13.04", "ubuntu:13.04"},
      {"docker:///ubuntu", "ubuntu:latest"},
      {"docker://my.registry.com/foo/bar:tag", "my.registry.com/foo/bar:tag"},
      {"docker:///my.registry.com/foo/bar", "my.registry.com/foo/bar:latest"},
      {"ubuntu:13.04", "ubuntu:13.04"},
      {"ubuntu", "ubuntu:latest"},
      {"team/app", "team/app:latest"},
      {"registry:5000/x", "registry:5000/x:latest"},
      {"registry:5000/x:1", "registry:5000/x:1"},
      {"docker://registry:5000/x", "registry:5000/x:latest"},
      {"localhost/x", "localhost/x:latest"},
      {"Registry.Local:443/a/b/c", "Registry.Local:443/a/b/c:latest"},
      {"[::1]:5000/x", "[::1]:5000/x:latest"},
      {"[fe80::1]/x", "[fe80::1]/x:latest"},
      {"team/a.b_c__d---e", "team/a.b_c__d---e:latest"},
      {"x:_T.a-g", "x:_T.a-g"},
      {"ubuntu@sha256:" + digest_prefix, "ubuntu@sha256:" + digest_prefix},
      {"r:1/ubuntu:1@sha256:" + digest_prefix, "r:1/ubuntu:1@sha256:" + digest_prefix},
      {"sha256:" + digest_prefix, "sha256:" + digest_prefix},
  }));
  CAPTURE(example.image);
  const auto result = image_reference(example.image);
  CHECK((result.ok() ? result.value() : result.failure().text) == example.reference);
}

TEST_CASE("an empty image name allows a default") {
  const auto image = GENERATE(as<std::string>(), "", "docker://", "docker:///");
  CHECK(image_reference(image).failed_with(Fault::not_found));
}

TEST_CASE("an invalid image name is refused with the wrong part") {
  struct Case {
    std::string image, part;
  };
  const auto example = GENERATE(values<Case>({
      {"Ubuntu", "repository"},
      {"team/App", "repository"},
      {"docker:///Ubuntu:13.04", "repository"},
      {"ubuntu 13", "repository"},
      {" ubuntu", "repository"},
      {"ubuntu\n", "repository"},
      {"a//b", "repository"},
      {"/ubuntu", "repository"},
      {"docker:////ubuntu", "repository"},
      {"ubuntu/", "repository"},
      {"-ubuntu", "repository"},
      {"ubuntu-", "repository"},
      {"a___b", "repository"},
      {"a..b", "repository"},
      {"a.-b", "repository"},
      {":tag", "repository"},
      {"caf\xc3\xa9", "repository"},
      {"ubuntu:", "tag"},
      {"ubuntu:-x", "tag"},
      {"ubuntu:a b", "tag"},
      {"ubuntu:" + std::string(129, 'x'), "tag"},
      {"ubuntu@sha256", "digest"},
      {"ubuntu@sha256:abc", "digest"},
      {"ubuntu@sha256:" + std::string(64, 'A'), "digest"},
      {"ubuntu@:" + digest_prefix, "digest"},
      {"re-.gistry:5000/x", "registry"},
      {"registry:port/x", "registry"},
      {"registry:/x", "registry"},
      {"my..registry/x", "registry"},
      {"[::1/x", "registry"},
      {"http://ubuntu", "docker://"},
      {"docker:///docker:///x", "docker://"},
      {std::string(256, 'x'), "255"},
  }));
  CAPTURE(example.image);
  const auto result = image_reference(example.image);
  REQUIRE(result.failed_with(Fault::refused));
  CHECK_THAT(result.failure().text, Catch::Contains(example.part));
  CHECK(result.failure().text.find('\n') == std::string::npos);
}

TEST_CASE("an image's registry is the one that docker uses") {
  CHECK(registry_of("ubuntu:13.04") == "docker.io");
  CHECK(registry_of("team/app:1") == "docker.io");
  CHECK(registry_of("docker.io/team/app:1") == "docker.io");
  CHECK(registry_of("index.docker.io/team/app:1") == "docker.io");
  CHECK(registry_of("localhost/app:1") == "localhost");
  // A repository has no capital letters, so Docker treats this part as a host.
  CHECK(registry_of("Registry/app:1") == "Registry");
  CHECK(registry_of("registry:5000/app:1") == "registry:5000");
  CHECK(registry_of("my.registry.com/foo/bar:tag") == "my.registry.com");
}
