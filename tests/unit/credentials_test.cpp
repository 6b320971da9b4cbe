#include "engine/supervisor/credentials.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/unit/temporary_directory.h"

using namespace containerizer;
namespace fs = std::filesystem;

namespace {

const char* const hub_key = "https://index.docker.io/v1/";

void write(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << content;
}

// Directories: a sandbox, a home, the operator's own configuration, and programs.
struct Places {
  TemporaryDirectory root;
  std::string sandbox = root / "sandbox";
  std::string home = root / "home";
  std::string own = root / "own";
  std::string programs = root / "programs";
  Environment environment{{"HOME", home}, {"PATH", programs + ":/usr/bin:/bin"}};

  Places() {
    for (const auto& one : {sandbox, home, own, programs}) fs::create_directory(one);
  }

  Result<Credentials> find(const std::string& reference) const {
    const auto host = make_host();
    return find_credentials(*host, reference, sandbox, environment);
  }

  std::string user_for(const std::string& reference) const {
    const auto found = find(reference);
    INFO((found.ok() ? "" : found.failure().text));
    REQUIRE(found.ok());
    return found.value().username;
  }

  void add_helper(const std::string& name, const std::string& script) const {
    const auto path = programs + "/docker-credential-" + name;
    write(path, "#!/bin/sh\n" + script);
    ::chmod(path.c_str(), 0755);
  }
};

std::string login_of(const std::string& registry, const std::string& user) {
  return R"({"auths": {")" + registry + R"(": {"username": ")" + user + R"(", "password": "p"}}})";
}

}  // namespace

TEST_CASE("credentials are read in every form that docker has written them") {
  const auto read = [](const std::string& text, const std::string& registry) {
    const auto login = read_login(text, registry);
    INFO((login.ok() ? "" : login.failure().text));
    REQUIRE(login.ok());
    return login.value();
  };
  SECTION("base64, in config.json") {
    const auto login = read(R"({"auths": {"r:5000": {"auth": "dXNlcjpwYTpzcw=="}}})", "r:5000");
    CHECK(login.auth.username == "user");
    CHECK(login.auth.password == "pa:ss");
    CHECK(login.auth.server == "r:5000");
  }
  SECTION("base64, in .dockercfg") {
    const auto login =
        read(R"({")" + std::string(hub_key) + R"(": {"auth": "dXNlcjpwYXNz", "email": "x@y"}})",
             "docker.io");
    CHECK(login.auth.username == "user");
    CHECK(login.auth.password == "pass");
    CHECK(login.auth.server == hub_key);
  }
  SECTION("a token") {
    const auto login =
        read(R"({"auths": {"r.io": {"auth": "dXNlcjo=", "identitytoken": "the-token"}}})", "r.io");
    CHECK(login.auth.identity_token == "the-token");
  }
  SECTION("URLs as keys") {
    CHECK(read(R"({"auths": {"https://r.io/v2/": {"auth": "dXNlcjpw"}}})", "r.io").auth.username ==
          "user");
  }
  SECTION("the helper for one registry overrides the one for all") {
    const auto both = R"({"credsStore": "all", "credHelpers": {"r.io": "one"}})";
    CHECK(read(both, "r.io").helper == "one");
    CHECK(read(both, "other.io").helper == "all");
  }
  SECTION("none for other registries") {
    const auto login = read(R"({"auths": {"r.io": {"auth": "dXNlcjpw"}}})", "r.io:5000");
    CHECK(login.auth.empty());
    CHECK(login.helper.empty());
  }
}

TEST_CASE("a configuration that cannot be parsed is refused without quoting it") {
  for (const auto* text :
       {"", "secret", R"(["secret"])", R"({"auths": {"r.io": {"auth": "c2VjcmV0"}}})",
        R"({"auths": {"r.io": {"auth": "!secret!"}}})"}) {
    INFO(text);
    const auto login = read_login(text, "r.io");
    REQUIRE_FALSE(login.ok());
    CHECK(login.failure().text.find("secret") == std::string::npos);
    CHECK(login.failure().text.find("c2VjcmV0") == std::string::npos);
  }
}

TEST_CASE("a task's own credentials override the operator's") {
  Places places;
  CHECK(places.user_for("r.io/app:1").empty());
  write(places.home + "/.docker/config.json", login_of("r.io", "operator"));
  CHECK(places.user_for("r.io/app:1") == "operator");
  CHECK_FALSE(places.find("r.io/app:1").value().is_tasks);
  write(places.sandbox + "/.dockercfg", R"({"r.io": {"username": "older", "password": "p"}})");
  CHECK(places.user_for("r.io/app:1") == "older");
  write(places.sandbox + "/.docker/config.json", login_of("r.io", "task"));
  CHECK(places.user_for("r.io/app:1") == "task");
  CHECK(places.find("r.io/app:1").value().is_tasks);
  // The task's configuration has no login for this registry.
  CHECK(places.user_for("other.io/app:1").empty());
}

TEST_CASE("DOCKER_CONFIG overrides the home, and --config overrides both") {
  Places places;
  write(places.home + "/.docker/config.json", login_of("r.io", "home"));
  write(places.own + "/config.json", login_of("r.io", "own"));
  SECTION("DOCKER_CONFIG") { places.environment["DOCKER_CONFIG"] = places.own; }
  SECTION("--config") {
    places.environment["DOCKER_CONFIG"] = places.home + "/.docker";
    places.environment["CONTAINERIZER_DOCKER_ARGS"] = "--config=" + places.own;
  }
  CHECK(places.user_for("r.io/app:1") == "own");
}

TEST_CASE("a link in a sandbox does not lead to another user's credentials") {
  Places places;
  write(places.own + "/config.json", login_of("r.io", "somebody"));
  SECTION("in place of the file") {
    fs::create_directory(places.sandbox + "/.docker");
    fs::create_symlink(places.own + "/config.json", places.sandbox + "/.docker/config.json");
  }
  SECTION("in place of the directory") {
    fs::create_directory_symlink(places.own, places.sandbox + "/.docker");
  }
  SECTION("a pipe") {
    fs::create_directory(places.sandbox + "/.docker");
    REQUIRE(::mkfifo((places.sandbox + "/.docker/config.json").c_str(), 0600) == 0);
  }
  CHECK(places.user_for("r.io/app:1").empty());
}

TEST_CASE("a helper returns the credentials that it keeps") {
  Places places;
  write(places.home + "/.docker/config.json", R"({"credsStore": "box"})");
  SECTION("a user and a secret") {
    places.add_helper("box", R"(read -r server; [ "$1 $server" = "get r.io" ] &&
                               echo '{"ServerURL": "r.io", "Username": "kept", "Secret": "s"}')");
    const auto found = places.find("r.io/app:1");
    REQUIRE(found.ok());
    CHECK(found.value().username == "kept");
    CHECK(found.value().password == "s");
  }
  SECTION("a token") {
    places.add_helper("box", R"(echo '{"Username": "<token>", "Secret": "t"}')");
    const auto found = places.find("r.io/app:1");
    REQUIRE(found.ok());
    CHECK(found.value().identity_token == "t");
    CHECK(found.value().username.empty());
  }
  SECTION("it does not know the registry") {
    places.add_helper("box", "echo credentials not found in native keychain; exit 1");
    CHECK(places.user_for("r.io/app:1").empty());
  }
  SECTION("it does not exist") {
    const auto found = places.find("r.io/app:1");
    REQUIRE_FALSE(found.ok());
    CHECK(found.failure().text.find("docker-credential-box") != std::string::npos);
  }
  SECTION("its name is invalid") {
    write(places.home + "/.docker/config.json", R"({"credsStore": "../box"})");
    CHECK_FALSE(places.find("r.io/app:1").ok());
  }
}

TEST_CASE("a task's configuration cannot make us run a helper") {
  Places places;
  const auto trace = places.root / "ran";
  places.add_helper("evil", "touch " + trace);
  write(places.sandbox + "/.docker/config.json", R"({"credsStore": "evil"})");
  CHECK(places.user_for("r.io/app:1").empty());
  CHECK_FALSE(fs::exists(trace));
}
