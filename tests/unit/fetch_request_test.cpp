#include "engine/translation/fetch_request.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "recorded.h"

using namespace containerizer;

namespace {

Uris uris_of(const mesos::containerizer::Launch& launch) {
  const auto& uris = launch.executor_info().command().uris();
  return {uris.begin(), uris.end()};
}

Uris one(const std::string& value) {
  Uris uris(1);
  uris.front().set_value(value);
  return uris;
}

}  // namespace

TEST_CASE("the fetcher of every release gets its own form") {
  auto [launch, environment] = recorded("mesos-0.19.1/launch-5");
  set(environment, "MESOS_FRAMEWORKS_HOME", "/frameworks");
  const Environment result = fetcher_environment(uris_of(launch), "/sandbox", "root", environment);

  CHECK(result.at("MESOS_EXECUTOR_URIS") == "/etc/hostname+0X /bin/true+1X /srv/data/a.tgz+0N");
  CHECK(result.at("MESOS_WORK_DIRECTORY") == "/sandbox");
  CHECK(result.at("MESOS_USER") == "root");
  CHECK(result.at("MESOS_FRAMEWORKS_HOME") == "/frameworks");
  CHECK(boost::json::parse(result.at("MESOS_FETCHER_INFO")) == boost::json::parse(R"({
    "command_info": {"uris": [
      {"value": "/etc/hostname", "executable": false, "extract": true, "cache": false},
      {"value": "/bin/true", "executable": true, "extract": true, "cache": false},
      {"value": "/srv/data/a.tgz", "executable": false, "extract": false, "cache": false}]},
    "work_directory": "/sandbox",
    "sandbox_directory": "/sandbox",
    "items": [
      {"action": "BYPASS_CACHE", "uri":
        {"value": "/etc/hostname", "executable": false, "extract": true, "cache": false}},
      {"action": "BYPASS_CACHE", "uri":
        {"value": "/bin/true", "executable": true, "extract": true, "cache": false}},
      {"action": "BYPASS_CACHE", "uri":
        {"value": "/srv/data/a.tgz", "executable": false, "extract": false, "cache": false}}],
    "user": "root",
    "frameworks_home": "/frameworks"})"));
}

TEST_CASE("unknown values are omitted from the fetcher's environment") {
  const Environment result = fetcher_environment(one("/a"), "/sandbox", "", {});
  CHECK(result.count("MESOS_USER") == 0);
  CHECK(result.count("MESOS_FRAMEWORKS_HOME") == 0);
  const auto info = boost::json::parse(result.at("MESOS_FETCHER_INFO")).as_object();
  CHECK(!info.contains("user"));
  CHECK(!info.contains("frameworks_home"));
}

TEST_CASE("the fetcher uses neither the slave's log nor its address") {
  const Environment slave{{"MESOS_LOG_DIR", "/var/log"}, {"MESOS_LOGGING_LEVEL", "ERROR"},
                          {"MESOS_QUIET", "true"},       {"LIBPROCESS_PORT", "5051"},
                          {"HADOOP_HOME", "/hadoop"},    {"LD_LIBRARY_PATH", "/lib"}};
  const Environment result = fetcher_environment(one("/a"), "/sandbox", "root", slave);
  CHECK(result.count("MESOS_LOG_DIR") == 0);
  CHECK(result.count("MESOS_LOGGING_LEVEL") == 0);
  CHECK(result.count("MESOS_QUIET") == 0);
  CHECK(result.at("LIBPROCESS_PORT") == "0");
  CHECK(result.at("HADOOP_HOME") == "/hadoop");
  CHECK(result.at("LD_LIBRARY_PATH") == "/lib");
}

TEST_CASE("a cached URI is a plain download, and may have its own file name") {
  Uris uris = one("http://x/a?b=\"c\"");
  uris.front().set_cache(true);
  uris.front().set_output_file("dir/a");
  const auto result = fetcher_environment(uris, "/sandbox", "", {});
  CHECK(boost::json::parse(result.at("MESOS_FETCHER_INFO")).at("items").at(0) ==
        boost::json::parse(R"({"action": "BYPASS_CACHE", "uri": {"value": "http://x/a?b=\"c\"",
          "executable": false, "extract": true, "cache": false, "output_file": "dir/a"}})"));
}

TEST_CASE("a URI with a space is refused for fetchers that would split it") {
  const Uris uris = one("/srv/my file");
  const auto result = fetcher_environment(uris, "/sandbox", "", {});
  CHECK(result.count("MESOS_EXECUTOR_URIS") == 0);
  CHECK(boost::json::parse(result.at("MESOS_FETCHER_INFO")).at("items").as_array().size() == 1);
  CHECK_THAT(fetch_hint(uris), Catch::Contains("\"/srv/my file\"") && Catch::Contains("0.22"));
  CHECK(fetch_hint(one("/srv/file")).empty());
  CHECK(check_uris(uris, "/sandbox").ok());
}

TEST_CASE("the message names a URI that no fetcher accepts") {
  using namespace std::string_literals;
  const auto uri = GENERATE("a\\b"s, "a'b"s, "a\0b"s);
  Uris uris = one("/fine");
  uris.push_back(one(uri).front());
  const Status status = check_uris(uris, "/sandbox");
  REQUIRE(status.failed_with(Fault::refused));
  CHECK_THAT(status.failure().text, Catch::Contains("URI \"a"));
  CHECK(check_uris(one("/fine"), "/sandbox").ok());
  CHECK(check_uris(one(""), "/sandbox").failed_with(Fault::refused));
}

TEST_CASE("output files outside the sandbox, or with a quote, are refused") {
  using namespace std::string_literals;
  const auto file = GENERATE("/etc/cron.d/x"s, "../x"s, "a/../../x"s, ".."s, "a/.."s,
                             "a'$(x)'.tgz"s, "a\\b"s, "a\0b"s);
  Uris uris = one("/fine");
  uris.front().set_output_file(file);
  CHECK(check_uris(uris, "/sandbox").failed_with(Fault::refused));
  uris.front().set_output_file("a..b/..c/$(x).tgz");
  CHECK(check_uris(uris, "/sandbox").ok());
}

TEST_CASE("nothing is fetched into a sandbox whose path has a quote") {
  const std::string directory = "/work/executors/'; touch x; '/runs/1";
  CHECK(check_uris(one("/fine"), directory).failed_with(Fault::refused));
  CHECK(check_uris({}, directory).ok());
}
