#include "engine/supervisor/credentials.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "engine/docker/client_options.h"
#include "engine/docker/encoding.h"
#include "engine/translation/image_name.h"
#include "host/file.h"
#include "host/format.h"
#include "host/json.h"
#include "host/log.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

namespace json = boost::json;

// The time limit of a credential helper.
constexpr Duration helper_timeout{30'000};
// A helper returns this instead of a user's name if the secret is a token.
constexpr std::string_view token_user = "<token>";

Failure failure(const std::string& why) { return {Fault::refused, why}; }

Result<json::object> object_in(std::string_view text) {
  boost::system::error_code error;
  const auto value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return failure("not valid JSON: " + error.message());
  if (!value.is_object()) return failure("not a JSON object");
  return value.get_object();
}

// The host in a key of `auths`. Keys are hosts; older versions of docker wrote URLs.
std::string host_of(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != key.npos) key.remove_prefix(scheme + 3);
  return registry_at(key.substr(0, key.find('/')));
}

// The name of a registry in the X-Registry-Auth header. Docker Hub has a historic one.
std::string server_of(const std::string& registry) {
  return registry == docker_hub ? "https://index.docker.io/v1/" : registry;
}

const json::object* entry_for(const json::object& entries, const std::string& registry) {
  for (const auto& entry : entries) {
    if (host_of(entry.key()) == registry) return entry.value().if_object();
  }
  return nullptr;
}

Result<RegistryAuth> auth_in(const json::object& entry, const std::string& registry) {
  RegistryAuth auth{text_member(entry, "username"), text_member(entry, "password"),
                    server_of(registry), text_member(entry, "identitytoken")};
  if (const auto packed = text_member(entry, "auth"); !packed.empty()) {
    const auto pair = base64_decode(packed);
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return failure("the auth of " + registry + " is malformed");
    auth.username = pair->substr(0, colon);
    auth.password = pair->substr(colon + 1);
    // Some versions of docker pad the password with NULs.
    auth.password.erase(auth.password.find_last_not_of('\0') + 1);
  }
  return auth;
}

// The helper for a registry. `credsStore` names the one for all registries without their own.
std::string helper_in(const json::object& configuration, const std::string& registry) {
  if (const auto* helpers = object_member(configuration, "credHelpers")) {
    for (const auto& entry : *helpers) {
      if (host_of(entry.key()) == registry) return text_member(*helpers, entry.key());
    }
  }
  return text_member(configuration, "credsStore");
}

// --- Files

struct Source {
  std::string name;  // for messages
  std::optional<std::string> content;
  bool is_operators = false;
};

std::vector<Source> sources(const std::string& sandbox, const Environment& environment) {
  std::vector<Source> all;
  for (const auto* name : {".docker/config.json", ".dockercfg"}) {
    all.push_back({sandbox + "/" + name, read_sandbox_file(sandbox, name), false});
  }
  const auto add = [&](const std::string& path) {
    all.push_back({path, read_small_file(path), true});
  };
  const auto directory = client_directory(environment);
  const auto home = value_or(environment, "HOME", "");
  if (!directory.empty()) add(directory + "/config.json");
  if (!home.empty() && directory == home + "/.docker") add(home + "/.dockercfg");
  return all;
}

// --- Helpers

// The name becomes part of a program's name. A slash would lead to any program on the host.
bool is_helper_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

Result<RegistryAuth> ask_helper(Host& host, const std::string& helper, const std::string& registry,
                                const Environment& environment) {
  const auto name = "docker-credential-" + helper;
  const auto helper_failure = [&](const std::string& why) {
    return failure(formatted("{} failed for registry {}: {}", name, registry, why));
  };
  if (!is_helper_name(helper)) return helper_failure("not a valid name of a program");
  auto question = make_pipe();
  if (!question.ok()) return question.failure();
  // The pipe has room for the name, so the write does not block before the helper runs.
  write_all(question.value().write.get(), server_of(registry));
  question.value().write.close();
  Program program;
  // env finds the helper on the PATH.
  program.arguments = {"/usr/bin/env", name, "get"};
  program.environment = as_strings(environment);
  program.directory = "/";
  program.input = question.value().read.get();
  const auto answer = host.run_and_capture(program, host.now() + helper_timeout, host.wake());
  if (answer.failed_with(Fault::interrupted)) return answer.failure();
  if (!answer.ok()) return helper_failure(answer.failure().text);
  // A helper prints this text to its standard output if it has no credentials for the registry. Its
  // exit status is not available here.
  if (answer.value().find("credentials not found") != std::string::npos) return RegistryAuth{};
  auto auth = read_helper(answer.value(), registry);
  if (!auth.ok()) return helper_failure(auth.failure().text);
  return auth;
}

}  // namespace

Result<Login> read_login(std::string_view text, const std::string& registry) {
  const auto configuration = object_in(text);
  if (!configuration.ok()) return configuration.failure();
  const auto& all = configuration.value();
  Login login;
  login.helper = helper_in(all, registry);
  // In a .dockercfg, the registries are at the top level.
  const auto* auths = object_member(all, "auths");
  const auto* entry = entry_for(auths != nullptr ? *auths : all, registry);
  if (entry == nullptr) return login;
  auto auth = auth_in(*entry, registry);
  if (!auth.ok()) return auth.failure();
  login.auth = std::move(auth.value());
  return login;
}

Result<RegistryAuth> read_helper(std::string_view answer, const std::string& registry) {
  const auto object = object_in(answer);
  if (!object.ok()) return object.failure();
  const auto user = text_member(object.value(), "Username");
  const auto secret = text_member(object.value(), "Secret");
  if (user.empty() || secret.empty()) return failure("user or secret is missing");
  if (user == token_user) return RegistryAuth{"", "", server_of(registry), secret};
  return RegistryAuth{user, secret, server_of(registry), ""};
}

Credentials credentials_of_task(const std::string& reference, const std::string& user,
                                const std::string& secret) {
  return {{user, secret, server_of(registry_of(reference)), ""}, true};
}

Result<Credentials> find_credentials(Host& host, const std::string& reference,
                                     const std::string& sandbox, const Environment& environment) {
  const auto registry = registry_of(reference);
  for (const auto& source : sources(sandbox, environment)) {
    if (!source.content) continue;
    auto login = read_login(*source.content, registry);
    // A pull may need no credentials, and a task cannot repair the operator's file.
    if (!login.ok()) {
      log::warn("ignoring the registry credentials in {}: {}", source.name, login.failure().text);
      continue;
    }
    if (source.is_operators && !login.value().helper.empty()) {
      auto auth = ask_helper(host, login.value().helper, registry, environment);
      if (!auth.ok()) return auth.failure();
      if (!auth.value().empty()) return Credentials{auth.value()};
    }
    if (!login.value().auth.empty()) return Credentials{login.value().auth, !source.is_operators};
  }
  return Credentials{};
}

}  // namespace containerizer
