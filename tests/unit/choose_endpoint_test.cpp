// The choice of the daemon by options, variables, contexts and files. The expectations are the
// behaviour of docker 20.10 and 28.2.
#include "engine/docker/choose_endpoint.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "engine/docker/client_options.h"
#include "engine/docker/context.h"
#include "tests/unit/temporary_directory.h"

using namespace containerizer;
using Catch::Contains;
using Catch::StartsWith;

namespace {

using Environment = std::map<std::string, std::string>;

std::string in_words(const Result<Endpoint>& endpoint) {
  if (!endpoint.ok()) return "! " + endpoint.failure().text;
  const auto& tls = endpoint.value().tls;
  if (!tls) return endpoint.value().text();
  return endpoint.value().text() + (tls->verify ? " verified" : " unverified");
}

std::string chosen(const Environment& environment) {
  return in_words(choose_endpoint(environment));
}

std::string with_arguments(const std::string& arguments) {
  return chosen({{"CONTAINERIZER_DOCKER_ARGS", arguments}});
}

// A home directory with a configuration of docker.
class Home {
 public:
  std::string operator/(const std::string& name) const { return directory_ / name; }

  void write(const std::string& name, const std::string& content = "x") const {
    std::filesystem::create_directories(std::filesystem::path(directory_ / name).parent_path());
    write_file(directory_ / name, content);
  }
  void write_certificates(const std::string& directory) const {
    for (const auto* name : {"/ca.pem", "/cert.pem", "/key.pem"}) write(directory + name);
  }
  void write_context(const std::string& name, const std::string& endpoint,
                     const std::string& configuration = ".docker") const {
    write(configuration + "/contexts/meta/" + context_directory(name) + "/meta.json",
          R"({"Name": ")" + name + R"(", "Endpoints": {"docker": )" + endpoint + "}}");
  }

  Environment with(Environment environment) const {
    environment.insert({"HOME", directory_.path()});
    return environment;
  }
  std::string chosen(const Environment& environment) const { return ::chosen(with(environment)); }
  std::string chosen_by(const std::string& arguments) const {
    return chosen({{"CONTAINERIZER_DOCKER_ARGS", arguments}});
  }
  TlsSettings tls(const Environment& environment) const {
    const auto endpoint = choose_endpoint(with(environment));
    INFO(in_words(endpoint));
    REQUIRE(endpoint.ok());
    REQUIRE(endpoint.value().tls);
    return *endpoint.value().tls;
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("The options of docker override DOCKER_HOST", "[docker][endpoint]") {
  CHECK(chosen({}) == "unix:///var/run/docker.sock");
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1:1"}}) == "tcp://10.0.0.1:1");
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1:1"},
                {"CONTAINERIZER_DOCKER_ARGS", "-H tcp://10.0.0.2:2"}}) == "tcp://10.0.0.2:2");
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1:1"}, {"CONTAINERIZER_DOCKER_ARGS", "-D"}}) ==
        "tcp://10.0.0.1:1");
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1:1"}, {"CONTAINERIZER_DOCKER_ARGS", "-H ''"}}) ==
        "unix:///var/run/docker.sock");
  for (const std::string arguments :
       {"-H unix:///s", "-H=unix:///s", "-Hunix:///s", "--host unix:///s", "--host=unix:///s",
        "-D --host 'unix:///s'", "--debug=false -l debug -H unix:///s",
        "--log-level=info -ldebug --log-level debug -H \"unix:///s\"", "--context= -H unix:///s"}) {
    INFO(arguments);
    CHECK(with_arguments(arguments) == "unix:///s");
  }
}

TEST_CASE("Options that cannot be honoured are refused by name", "[docker][endpoint]") {
  const std::pair<std::string, std::string> rows[] = {
      {"--tlsverify=perhaps", "--tlsverify takes true or false"},
      {"--tls=", "--tls takes true or false"},
      {"--tlscacert", "--tlscacert has no value"},
      {"-c one -H unix:///s", "-H and --context cannot be combined"},
      {"--frobnicate=1", "unknown option '--frobnicate'"},
      {"-x", "unknown option '-x'"},
      {"-", "unknown option '-'"},
      {"ps", "unknown option 'ps'"},
      {"-H", "-H has no value"},
      {"-H unix:///a -H unix:///b", "more than once"},
      {"'", "not closed"},
      {"-H ssh://x", "'ssh://x'"},
  };
  for (const auto& [arguments, text] : rows) {
    INFO(arguments);
    const std::string answer = with_arguments(arguments);
    CHECK_THAT(answer, StartsWith("! CONTAINERIZER_DOCKER_ARGS: "));
    CHECK_THAT(answer, Contains(text));
  }
  CHECK_THAT(chosen({{"DOCKER_HOST", "ssh://x"}}), StartsWith("! DOCKER_HOST: "));
}

TEST_CASE("TLS is selected by options and variables", "[docker][endpoint][tls]") {
  const Home home;
  home.write_certificates(".docker");
  const std::string at = "-H tcp://10.0.0.1:7 ";
  CHECK(home.chosen_by(at) == "tcp://10.0.0.1:7");
  CHECK(home.chosen_by(at + "--tls") == "tcp://10.0.0.1:7 unverified");
  CHECK(home.chosen_by(at + "--tls --tls=false") == "tcp://10.0.0.1:7");
  CHECK(home.chosen_by(at + "--tlsverify") == "tcp://10.0.0.1:7 verified");
  CHECK(home.chosen_by(at + "--tlsverify=false") == "tcp://10.0.0.1:7 unverified");
  CHECK(home.chosen_by(at + "--tls=false --tlsverify") == "tcp://10.0.0.1:7 verified");
  const Environment host{{"DOCKER_HOST", "tcp://10.0.0.1:7"}};
  const auto with = [&](Environment more) {
    more.insert(host.begin(), host.end());
    return home.chosen(more);
  };
  CHECK(with({{"DOCKER_TLS", "1"}}) == "tcp://10.0.0.1:7 unverified");
  CHECK(with({{"DOCKER_TLS_VERIFY", "0"}}) == "tcp://10.0.0.1:7 verified");
  CHECK(with({{"DOCKER_TLS", ""}, {"DOCKER_TLS_VERIFY", ""}}) == "tcp://10.0.0.1:7");
  CHECK(with({{"DOCKER_TLS", "1"}, {"CONTAINERIZER_DOCKER_ARGS", "--tls=false"}}) ==
        "tcp://10.0.0.1:7");
  CHECK(with({{"DOCKER_TLS_VERIFY", "1"}, {"CONTAINERIZER_DOCKER_ARGS", "--tlsverify=0"}}) ==
        "tcp://10.0.0.1:7 unverified");
}

TEST_CASE("Ports are those of docker", "[docker][endpoint][tls]") {
  const Home home;
  home.write_certificates(".docker");
  CHECK(home.chosen_by("--tls") == "tcp://localhost:2376 unverified");
  CHECK(home.chosen_by("--tls -H ''") == "tcp://localhost:2376 unverified");
  CHECK(home.chosen_by("--tls -H 10.0.0.1") == "tcp://10.0.0.1:2375 unverified");
  CHECK(choose_endpoint(home.with({{"DOCKER_TLS", "1"}})).value().address == "127.0.0.1");
}

TEST_CASE("A unix socket does not use TLS", "[docker][endpoint][tls]") {
  CHECK(with_arguments("--tlsverify -H unix:///s") == "unix:///s");
  CHECK(chosen({{"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_HOST", "unix:///s"}}) == "unix:///s");
}

TEST_CASE("Certificates are found in their usual places", "[docker][endpoint][tls]") {
  const Home home;
  Environment asked{{"DOCKER_TLS_VERIFY", "1"}};
  std::string place;
  SECTION("in the home") { place = ".docker"; }
  SECTION("in DOCKER_CONFIG") { asked["DOCKER_CONFIG"] = home / (place = "configuration"); }
  SECTION("in DOCKER_CERT_PATH, which overrides all others") {
    home.write_certificates(".docker");
    asked["DOCKER_CONFIG"] = home / "configuration";
    asked["DOCKER_CERT_PATH"] = home / (place = "certificates");
  }
  SECTION("not in --config") {
    home.write_certificates(place = ".docker");
    asked["CONTAINERIZER_DOCKER_ARGS"] = "--config " + home / "configuration";
  }
  home.write_certificates("configuration");
  home.write_certificates(place);
  auto tls = home.tls(asked);
  CHECK(tls.verify);
  CHECK(tls.ca == home / place + "/ca.pem");
  CHECK(tls.certificate == home / place + "/cert.pem");
  CHECK(tls.key == home / place + "/key.pem");

  for (const auto* name : {"/cert.pem", "/key.pem"}) {
    std::filesystem::remove(home / place + name);
  }
  tls = home.tls(asked);
  CHECK(tls.certificate.empty());
  CHECK(tls.key.empty());
  std::filesystem::remove(home / place + "/ca.pem");
  CHECK_THAT(home.chosen(asked), Contains("cannot read the CA's certificate " + home / place +
                                          "/ca.pem: No such file or directory"));
}

TEST_CASE("Certificates are named by options", "[docker][endpoint][tls]") {
  const Home home;
  home.write_certificates("own");
  const std::string options = "--tlsverify --tlscacert=" + home / "own/ca.pem" + " --tlscert '" +
                              home / "own/cert.pem" + "' --tlskey " + home / "own/key.pem";
  const auto tls = home.tls({{"CONTAINERIZER_DOCKER_ARGS", options}});
  CHECK(tls.ca == home / "own/ca.pem");
  CHECK(tls.certificate == home / "own/cert.pem");
  CHECK(tls.key == home / "own/key.pem");

  // An empty option selects the host's CAs.
  CHECK(home.tls({{"CONTAINERIZER_DOCKER_ARGS", "--tlsverify --tlscacert="}}).ca.empty());
  CHECK_THAT(home.chosen_by("--tlsverify --tlscacert= --tlscert=/nonexistent/cert"),
             Contains("cannot read the certificate /nonexistent/cert: No such file"));
  CHECK_THAT(home.chosen_by("--tlsverify --tlscacert= --tlskey=/nonexistent/key"),
             Contains("cannot read the key /nonexistent/key: No such file"));
  CHECK_THAT(home.chosen_by("--tlsverify --tlscacert=ca.pem"),
             Contains("the CA's certificate ca.pem: the path must be absolute"));
}

TEST_CASE("A context is chosen as docker does", "[docker][endpoint][context]") {
  const Home home;
  const auto name = [&](const std::string& context, const std::string& port) {
    home.write_context(context, R"({"Host": "tcp://10.0.0.1:)" + port + "\"}");
    return "tcp://10.0.0.1:" + port;
  };
  const auto option = name("option", "1");
  const auto by_variable = name("variable", "2");
  const auto current = name("current", "3");
  home.write(".docker/config.json", R"({"auths": {}, "currentContext": "current"})");
  const std::string host = "tcp://10.0.0.1:9";

  CHECK(home.chosen({}) == current);
  CHECK(home.chosen({{"DOCKER_CONTEXT", "variable"}}) == by_variable);
  CHECK(home.chosen({{"DOCKER_CONTEXT", ""}}) == current);
  CHECK(home.chosen({{"DOCKER_CONTEXT", "variable"}, {"DOCKER_HOST", host}}) == host);
  CHECK(home.chosen(
            {{"DOCKER_CONTEXT", "variable"}, {"CONTAINERIZER_DOCKER_ARGS", "-H " + host}}) == host);
  CHECK(home.chosen({{"DOCKER_CONTEXT", "variable"},
                     {"DOCKER_HOST", host},
                     {"CONTAINERIZER_DOCKER_ARGS", "--context option"}}) == option);
  CHECK(home.chosen_by("-c option") == option);
  CHECK(home.chosen_by("-c default") == "unix:///var/run/docker.sock");
  CHECK(home.chosen({{"DOCKER_HOST", host}, {"CONTAINERIZER_DOCKER_ARGS", "-c default"}}) == host);
  CHECK(home.chosen({{"DOCKER_CONTEXT", "default"}}) == "unix:///var/run/docker.sock");
}

TEST_CASE("Contexts are where the configuration is", "[docker][endpoint][context]") {
  const Home home;
  for (const auto* place : {"a", "b"}) {
    home.write_context("one", R"({"Host": "unix:///)" + std::string(place) + "\"}", place);
    home.write(std::string(place) + "/config.json", R"({"currentContext": "one"})");
  }
  CHECK(home.chosen({}) == "unix:///var/run/docker.sock");
  CHECK(home.chosen({{"DOCKER_CONFIG", home / "a"}}) == "unix:///a");
  CHECK(home.chosen({{"DOCKER_CONFIG", home / "a"},
                     {"CONTAINERIZER_DOCKER_ARGS", "--config " + home / "b"}}) == "unix:///b");
}

TEST_CASE("A context brings its own TLS", "[docker][endpoint][context][tls]") {
  const Home home;
  home.write_certificates(".docker");
  const auto own = ".docker/contexts/tls/" + context_directory("one") + "/docker";
  const Environment by_context{{"DOCKER_CONTEXT", "one"}, {"DOCKER_TLS_VERIFY", "1"}};
  const std::string host = R"("Host": "tcp://10.0.0.1:1")";

  home.write_context("one", "{" + host + "}");
  CHECK(home.chosen(by_context) == "tcp://10.0.0.1:1");
  home.write_context("one", "{" + host + R"(, "SkipTLSVerify": true})");
  CHECK(home.chosen(by_context) == "tcp://10.0.0.1:1 unverified");
  CHECK(home.tls(by_context).ca.empty());

  home.write_certificates(own);
  CHECK(home.chosen(by_context) == "tcp://10.0.0.1:1 unverified");
  home.write_context("one", "{" + host + "}");
  CHECK(home.chosen(by_context) == "tcp://10.0.0.1:1 verified");
  CHECK(home.tls(by_context).key == home / own + "/key.pem");
  std::filesystem::remove(home / own + "/cert.pem");
  CHECK(home.tls(by_context).certificate.empty());
}

TEST_CASE("A context that cannot be used is refused with its name and file",
          "[docker][endpoint][context]") {
  const Home home;
  const Environment by_context{{"DOCKER_CONTEXT", "one"}};
  const auto meta = home / ".docker/contexts/meta/" + context_directory("one") + "/meta.json";
  CHECK(home.chosen(by_context) == "! DOCKER_CONTEXT: context 'one': cannot read " + meta +
                                       ": No such file or directory; `docker context ls` lists the "
                                       "contexts");
  const std::pair<std::string, std::string> rows[] = {
      {R"({"Host": "ssh://me@there"})", "ssh:// is not supported"},
      {R"({"Host": 5})", "Host is not a string"},
      {"5", "no endpoint of a Docker daemon"},
  };
  for (const auto& [endpoint, text] : rows) {
    INFO(endpoint);
    home.write_context("one", endpoint);
    const auto answer = home.chosen(by_context);
    CHECK_THAT(answer, StartsWith("! DOCKER_CONTEXT: context 'one': "));
    CHECK_THAT(answer, Contains(text));
  }
  write_file(meta, "{");
  CHECK_THAT(home.chosen(by_context), Contains(meta + ": not a JSON object"));
  home.write_context("one", "{}");
  CHECK(home.chosen(by_context) == "unix:///var/run/docker.sock");

  home.write(".docker/config.json", R"({"currentContext": "two"})");
  CHECK_THAT(home.chosen({}),
             StartsWith("! " + home / ".docker/config.json" + ": context 'two': cannot read"));
  home.write(".docker/config.json", "{\"currentContext");
  CHECK_THAT(home.chosen({}),
             StartsWith("! " + home / ".docker/config.json" + ": not a JSON object"));
  CHECK(home.chosen({{"DOCKER_HOST", "unix:///s"}}) == "unix:///s");
}

TEST_CASE("Context files are in directories named by a digest", "[docker][context]") {
  // The directory that `docker context create ssh1` creates.
  CHECK(context_directory("ssh1") ==
        "7f1a9ea7f2878068e404c37ec39590e9558746c4faaa6120aed9464fe7c36649");
}

TEST_CASE("Credentials and contexts are in one directory", "[docker][credentials]") {
  CHECK(client_directory({}).empty());
  CHECK(client_directory({{"HOME", "/h"}}) == "/h/.docker");
  CHECK(client_directory({{"HOME", "/h"}, {"DOCKER_CONFIG", "/c"}}) == "/c");
  CHECK(client_directory({{"DOCKER_CONFIG", "/c"}, {"CONTAINERIZER_DOCKER_ARGS", "--config=/d"}}) ==
        "/d");
  CHECK(client_directory({{"DOCKER_CONFIG", "/c"}, {"CONTAINERIZER_DOCKER_ARGS", "--nonsense"}}) ==
        "/c");
}
