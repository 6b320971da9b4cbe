#include "engine/docker/older_api.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace containerizer;
namespace json = boost::json;

namespace {

// The body for API 1.`minor`, or the failure's message.
std::string body_for(unsigned minor, const std::string& body) {
  const auto made = create_body_for(minor, json::parse(body).as_object());
  return made.ok() ? json::serialize(made.value()) : made.failure().text;
}

}  // namespace

TEST_CASE("daemons without mounts get binds and volumes") {
  const std::string body = R"({"Image":"a","HostConfig":{"Binds":["/a:/b:rw"],"Mounts":[
      {"Type":"bind","Source":"/sandbox","Target":"/mnt","ReadOnly":false},
      {"Type":"bind","Source":"/data","Target":"/data","ReadOnly":true},
      {"Type":"volume","Source":"name","Target":"/v"},
      {"Type":"volume","Target":"/new","ReadOnly":false}]}})";
  CHECK(json::parse(body_for(24, body)) ==
        json::parse(R"({"Image":"a","HostConfig":{"Binds":["/a:/b:rw","/sandbox:/mnt:rw",
            "/data:/data:ro","name:/v:rw"]},"Volumes":{"/new":{}}})"));
  CHECK(json::parse(body_for(25, body)) == json::parse(body));
}

TEST_CASE("a field that a daemon is too old for is refused by name") {
  const auto mount = [](const std::string& fields) {
    return R"({"HostConfig":{"Mounts":[{"Target":"/v",)" + fields + "}]}}";
  };
  for (const auto* fields :
       {R"("Type":"tmpfs")", R"("Type":"bind","Source":"/a:b")",
        R"("Type":"volume","ReadOnly":true)",
        R"("Type":"volume","VolumeOptions":{"DriverConfig":{"Name":"nfs"}})"}) {
    CHECK_THAT(body_for(24, mount(fields)), Catch::StartsWith("the mount at /v needs API 1.25"));
  }
  struct Case {
    std::string name, body;
    unsigned since;
  };
  const std::vector<Case> cases{
      {"--stop-timeout (StopTimeout)", R"({"StopTimeout":5})", 25},
      {"--cpus (NanoCpus)", R"({"HostConfig":{"NanoCpus":1}})", 25},
      {"--device-cgroup-rule (DeviceCgroupRules)", R"({"HostConfig":{"DeviceCgroupRules":[]}})",
       28},
      {"--health-start-period (StartPeriod)", R"({"Healthcheck":{"StartPeriod":1}})", 29},
      {"--cgroupns (CgroupnsMode)", R"({"HostConfig":{"CgroupnsMode":"host"}})", 41},
  };
  for (const auto& [name, body, since] : cases) {
    CHECK_THAT(body_for(since - 1, body), Catch::StartsWith(name + " needs API 1."));
    CHECK(body_for(since, body) == body);
  }
}
