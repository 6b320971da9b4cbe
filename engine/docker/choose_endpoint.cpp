#include "engine/docker/choose_endpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/docker/client_options.h"
#include "engine/docker/context.h"
#include "host/file.h"
#include "host/text.h"

namespace containerizer {

namespace {

using Environment = std::map<std::string, std::string>;

constexpr const char* default_context = "default";

Failure failure(const std::string& subject, const std::string& reason) {
  return Failure{Fault::refused, one_line(subject + ": " + reason)};
}

std::string variable(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

// What names the daemon, for people, and what it says.
struct Origin {
  std::string subject;
  std::string name;
};

// --- Files

// Why a file cannot be read; nothing when it can.
std::string trouble_with(const std::string& path) {
  // A supervisor has another working directory than the verb that has started it.
  if (!path.starts_with('/')) return "the path must be absolute";
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid() ? "" : std::strerror(errno);
}

// Of what cannot be looked at, it is said when it is read.
bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Result<Endpoint> read_host(const Origin& host) {
  const bool may_have_name = !host.name.starts_with("unix://");
  const auto hosts = may_have_name ? read_small_file("/etc/hosts") : std::nullopt;
  auto endpoint = parse_endpoint(host.name, hosts.value_or(""));
  if (!endpoint.ok()) return failure(host.subject, endpoint.failure().text);
  return endpoint;
}

// The endpoint with its settings, whose files have to be readable.
Result<Endpoint> with_tls(Endpoint endpoint, const std::string& subject, TlsSettings settings) {
  const std::pair<const char*, const std::string&> files[] = {
      {"the CA's certificate ", settings.ca},
      {"the certificate ", settings.certificate},
      {"the key ", settings.key}};
  for (const auto& [what, path] : files) {
    const auto trouble = path.empty() ? "" : trouble_with(path);
    if (trouble.empty()) continue;
    return failure(subject, std::string("cannot read ").append(what).append(path) + ": " + trouble);
  }
  endpoint.tls = std::move(settings);
  return endpoint;
}

// --- A daemon named by options and variables

// The usual file counts only if it is there; one that is given has to be.
std::string present(const ClientOptions::File& file) {
  return file.is_given || exists(file.path) ? file.path : "";
}

TlsSettings tls_settings(const ClientOptions& options) {
  // That of the CA has to be there, lest anybody's be trusted.
  return {options.verify, options.ca.path, present(options.certificate), present(options.key)};
}

Result<Endpoint> plain_endpoint(const ClientOptions& options, const Environment& environment) {
  const Origin host = options.host ? Origin{docker_arguments, *options.host}
                                   : Origin{"DOCKER_HOST", variable(environment, "DOCKER_HOST")};
  auto endpoint = !host.name.empty() ? read_host(host)
                  : options.tls      ? Endpoint::usual_tls()
                                     : Endpoint{};
  if (!endpoint.ok() || !options.tls || endpoint.value().kind != Endpoint::Kind::tcp) {
    return endpoint;
  }
  return with_tls(std::move(endpoint.value()),
                  "TLS (--tlscacert, --tlscert, --tlskey, DOCKER_CERT_PATH)",
                  tls_settings(options));
}

// --- A daemon named by a context

// The context that counts; "" in the name when there is none.
Result<Origin> choose_context(const ClientOptions& options, const Environment& environment) {
  if (!options.context.empty()) return Origin{docker_arguments, options.context};
  if (options.host || !variable(environment, "DOCKER_HOST").empty()) return Origin{};
  const auto named = variable(environment, "DOCKER_CONTEXT");
  if (!named.empty()) return Origin{"DOCKER_CONTEXT", named};
  if (options.directory.empty()) return Origin{};
  const auto file = options.directory + "/config.json";
  const auto configuration = read_small_file(file);
  if (!configuration || configuration->empty()) return Origin{};
  const auto current = read_current_context(*configuration);
  if (current.ok()) return Origin{file, current.value()};
  return failure(file,
                 current.failure().text +
                     ", and may name a context; mend it, or name the daemon with DOCKER_HOST");
}

// The context's own files count where they are there.
std::optional<TlsSettings> tls_of(const std::string& directory, bool skip_verify) {
  if (!skip_verify && !exists(directory)) return std::nullopt;
  const auto present_in = [&](const char* name) {
    const auto path = directory + "/" + name;
    return exists(path) ? path : "";
  };
  return TlsSettings{!skip_verify, present_in("ca.pem"), present_in("cert.pem"),
                     present_in("key.pem")};
}

Result<Endpoint> context_endpoint(const Origin& chosen, const std::string& directory) {
  const auto subject = chosen.subject + ": context '" + chosen.name + "'";
  const auto contexts = directory + "/contexts/";
  const auto own = context_directory(chosen.name);
  const auto file = contexts + "meta/" + own + "/meta.json";
  if (const auto trouble = trouble_with(file); !trouble.empty()) {
    return failure(subject, "cannot read " + file + ": " + trouble +
                                "; docker context ls shows what there is");
  }
  const auto context = read_context(read_small_file(file).value_or(""));
  if (!context.ok()) return failure(subject, file + ": " + context.failure().text);
  if (context.value().host.empty()) return Endpoint{};
  auto endpoint = read_host({subject, context.value().host});
  auto settings = tls_of(contexts + "tls/" + own + "/docker", context.value().skip_verify);
  if (!endpoint.ok() || !settings || endpoint.value().kind != Endpoint::Kind::tcp) return endpoint;
  return with_tls(std::move(endpoint.value()), subject, std::move(*settings));
}

}  // namespace

Result<Endpoint> choose_endpoint(const Environment& environment) {
  const auto options = read_client_options(environment);
  if (!options.ok()) return options.failure();
  const auto context = choose_context(options.value(), environment);
  if (!context.ok()) return context.failure();
  const auto& name = context.value().name;
  if (!name.empty() && name != default_context) {
    return context_endpoint(context.value(), options.value().directory);
  }
  return plain_endpoint(options.value(), environment);
}

}  // namespace containerizer
