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

// Not a recorded context: the docker command then uses options and variables.
constexpr const char* default_context = "default";

Failure failure(const std::string& subject, const std::string& reason) {
  return Failure{Fault::refused, one_line(subject + ": " + reason)};
}

std::string variable(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

// A name of a daemon or context, and the option, variable or file that contains it.
struct Origin {
  std::string subject;  // for messages
  std::string name;
};

// --- Files

// Returns why a file cannot be read, or "".
std::string problem_with(const std::string& path) {
  // The supervisor has another working directory than the verb that started it.
  if (!path.starts_with('/')) return "the path must be absolute";
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.valid() ? "" : std::strerror(errno);
}

// A file that cannot be examined is treated as existing. The attempt to read it then reports why.
bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

// Names are looked up in /etc/hosts only, so no name server can delay a call.
Result<Endpoint> read_host(const Origin& host) {
  const bool may_have_name = !host.name.starts_with("unix://");
  const auto hosts = may_have_name ? read_small_file("/etc/hosts") : std::nullopt;
  auto endpoint = parse_endpoint(host.name, hosts.value_or(""));
  if (!endpoint.ok()) return failure(host.subject, endpoint.failure().text);
  return endpoint;
}

// Adds TLS settings to the endpoint. refused: one of their files cannot be read.
Result<Endpoint> with_tls(Endpoint endpoint, const std::string& subject, TlsSettings settings) {
  const std::pair<const char*, const std::string&> files[] = {
      {"the CA's certificate ", settings.ca},
      {"the certificate ", settings.certificate},
      {"the key ", settings.key}};
  for (const auto& [what, path] : files) {
    const auto problem = path.empty() ? "" : problem_with(path);
    if (problem.empty()) continue;
    return failure(subject, std::string("cannot read ").append(what).append(path) + ": " + problem);
  }
  endpoint.tls = std::move(settings);
  return endpoint;
}

// --- A daemon named by options and variables

// The file's path, or "" to do without it. A file at its default place is optional; a file named by
// an option is required.
std::string present(const ClientOptions::File& file) {
  return file.is_given || exists(file.path) ? file.path : "";
}

TlsSettings tls_settings(const ClientOptions& options) {
  // The CA's certificate is always required. Without it, the certificates of public authorities
  // would be trusted.
  return {options.verify, options.ca.path, present(options.certificate), present(options.key)};
}

Result<Endpoint> endpoint_without_context(const ClientOptions& options,
                                          const Environment& environment) {
  // An empty -H overrides DOCKER_HOST, too, and means the default socket.
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

// The context to use. Its name is "" if there is none.
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
  // The docker command ignores the file then, and silently uses another daemon.
  return failure(file,
                 current.failure().text +
                     ", so it is unknown which daemon to use; fix the file, or set DOCKER_HOST");
}

// The TLS settings of a context. All of its files are optional. Empty: the context does not use
// TLS.
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
  if (const auto problem = problem_with(file); !problem.empty()) {
    return failure(subject, "cannot read " + file + ": " + problem +
                                "; `docker context ls` lists the contexts");
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
  return endpoint_without_context(options.value(), environment);
}

}  // namespace containerizer
