#include "engine/docker/podman_api.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace containerizer;
using Catch::Contains;
namespace json = boost::json;

namespace {

// The body for a version of Podman, or the failure's message.
std::string body_for(PodmanVersion version, const std::string& body) {
  const auto made = create_body_for_podman(version, json::parse(body).as_object());
  return made.ok() ? json::serialize(made.value()) : made.failure().text;
}

}  // namespace

TEST_CASE("a field that Podman ignores silently is refused by name") {
  struct Case {
    std::string name, body;
  };
  const std::vector<Case> never{
      {"--domainname (Domainname)", R"({"Domainname":"a"})"},
      {"--health-start-interval (StartInterval)", R"({"Healthcheck":{"StartInterval":1}})"},
      {"--kernel-memory (KernelMemory)", R"({"HostConfig":{"KernelMemory":1}})"},
      {"--security-opt systempaths=unconfined (MaskedPaths)",
       R"({"HostConfig":{"MaskedPaths":[],"ReadonlyPaths":[]}})"},
      {"--runtime (Runtime)", R"({"HostConfig":{"Runtime":"crun"}})"},
      {"--volume-driver (VolumeDriver)", R"({"HostConfig":{"VolumeDriver":"local"}})"},
      {"unlimited swap (MemorySwap)", R"({"HostConfig":{"Memory":1,"MemorySwap":-1}})"},
      {"an option of a volume (VolumeOptions)",
       R"({"HostConfig":{"Mounts":[{"Type":"volume","VolumeOptions":{"NoCopy":true}}]}})"},
      {"--mount bind-recursive (ReadOnlyForceRecursive)",
       R"({"HostConfig":{"Mounts":[{"BindOptions":{"ReadOnlyForceRecursive":true}}]}})"},
      {"--network driver-opt (DriverOpts)",
       R"({"NetworkingConfig":{"EndpointsConfig":{"n":{"DriverOpts":{"a":"b"}}}}})"},
      {"--link-local-ip (LinkLocalIPs)",
       R"({"NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"LinkLocalIPs":["a"]}}}}})"},
  };
  for (const auto& [name, body] : never) {
    CHECK(body_for({5, 8}, body) == name + ": Podman 5.8 ignores it silently; remove the option");
  }
  struct Since {
    std::string name, body;
    PodmanVersion last, first;
  };
  const std::vector<Since> since{
      {"--mac-address (MacAddress)", R"({"MacAddress":"a"})", {4, 3}, {4, 4}},
      {"--device-cgroup-rule (DeviceCgroupRules)",
       R"({"HostConfig":{"DeviceCgroupRules":["a"]}})",
       {4, 3},
       {4, 4}},
      {"--annotation (Annotations)", R"({"HostConfig":{"Annotations":{"a":"b"}}})", {5, 0}, {5, 1}},
      {"--cgroupns (CgroupnsMode)", R"({"HostConfig":{"CgroupnsMode":"host"}})", {5, 5}, {5, 6}},
  };
  for (const auto& [name, body, last, first] : since) {
    CHECK_THAT(body_for(last, body),
               Contains(name) && Contains("or upgrade to Podman " + std::to_string(first.first)));
    CHECK(body_for(first, body) == body);
  }
}

TEST_CASE("a tmpfs without a mode has Docker's mode on Podman") {
  const auto mounts = [](const std::string& options) {
    return R"({"HostConfig":{"Mounts":[{"Type":"tmpfs","TmpfsOptions":{)" + options + "}}]}}";
  };
  CHECK(body_for({4, 3}, mounts(R"("SizeBytes":1)")) == mounts(R"("SizeBytes":1,"Mode":1023)"));
  CHECK(body_for({4, 3}, mounts(R"("Mode":448)")) == mounts(R"("Mode":448)"));
}
