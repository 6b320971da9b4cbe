#include "engine/docker/client.h"

#include <poll.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "engine/docker/answers.h"
#include "engine/docker/encoding.h"
#include "engine/docker/newer_api.h"
#include "engine/docker/older_api.h"
#include "engine/docker/podman_api.h"
#include "engine/docker/pull_progress.h"
#include "engine/docker/streams.h"
#include "host/json.h"
#include "host/log.h"
#include "host/text.h"

namespace containerizer {

namespace {

namespace json = boost::json;

using ApiVersion = std::pair<unsigned, unsigned>;
constexpr ApiVersion newest_api{1, 41};           // the version that this client is written for
constexpr ApiVersion oldest_api{1, 24};           // Docker 1.12
constexpr ApiVersion first_to_date_right{1, 35};  // Docker 17.12
constexpr Duration removal_pause{50};
constexpr Duration progress_interval{1000};

std::optional<ApiVersion> read_version(std::string_view text) {
  ApiVersion version;
  const std::size_t dot = text.find('.');
  const bool readable = dot != std::string_view::npos &&
                        to_number(text.substr(0, dot), version.first) &&
                        to_number(text.substr(dot + 1), version.second);
  return readable ? std::optional(version) : std::nullopt;
}

// "4.3.1". A version that cannot be read counts as the oldest that was tried.
PodmanVersion read_podman_version(const std::string& text) {
  const auto patch = text.find('.', text.find('.') + 1);
  return read_version(std::string_view(text).substr(0, patch)).value_or(PodmanVersion{4, 3});
}

std::string to_text(const ApiVersion& version) {
  return std::to_string(version.first) + "." + std::to_string(version.second);
}

std::string path_of(const std::string& container, const char* rest) {
  return "/containers/" + percent_encode(container) + rest;
}

// HTTP/1.1 requires a Host header. On a unix socket its value does not matter.
std::string host_header(const Endpoint& endpoint) {
  constexpr std::size_t any_scheme = 6;  // "tcp://"
  return endpoint.kind == Endpoint::Kind::tcp ? endpoint.text().substr(any_scheme) : "docker";
}

std::string auth_header(const RegistryAuth& auth) {
  json::object header{{"serveraddress", auth.server}};
  if (!auth.identity_token.empty()) {
    header["identitytoken"] = auth.identity_token;
  } else {
    header["username"] = auth.username;
    header["password"] = auth.password;
  }
  return base64url(json::serialize(header));
}

// Removes the values of environment variables from the text, because they can be secrets. The
// daemon quotes the whole entry that it rejects. The variable's name stays.
Failure without_environment(Failure failure, const json::object& body) {
  const json::value* environment = body.if_contains("Env");
  if (environment == nullptr || !environment->is_array()) return failure;
  for (const json::value& entry : environment->get_array()) {
    if (!entry.is_string()) continue;
    const std::string text = one_line(std::string(entry.get_string()));
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals + 1 == text.size()) continue;
    for (std::size_t at; (at = failure.text.find(text)) != std::string::npos;) {
      failure.text.replace(at + equals, text.size() - equals, "");
    }
  }
  return failure;
}

void log_warnings(const json::value& answer) {
  for (const auto& line : read_warnings(answer)) log::warn("the daemon warns: {}", line);
}

Request image_request(const std::string& reference) {
  return {Method::get, "/images/" + percent_encode(reference, "/:@") + "/json", ""};
}

Status done_if(const Result<Answer>& answer) {
  if (!answer.ok()) return answer.failure();
  return Done{};
}

}  // namespace

DockerClient::DockerClient(ClientSettings settings)
    : settings_(std::move(settings)), version_(settings_.api_version) {}

// Sends a request and reads its complete answer, on the open connection if that still works. The
// daemon may have closed an idle connection, which only shows when it is used. The request is then
// sent again on a new connection, if it is safe to do so.
Result<Answer> DockerClient::exchange(const Request& request, const Timeout& timeout) {
  const std::string bytes = to_bytes(request, host_header(settings_.endpoint));
  for (;;) {
    const bool reused = kept_.valid() && !kept_.stale();
    if (!reused) {
      auto opened = Connection::open(settings_.endpoint, timeout);
      if (!opened.ok()) return opened.failure();
      kept_ = std::move(opened.value());
    }
    Exchange attempt(std::exchange(kept_, Connection()), ResponseReader::Body::whole);
    Status status = attempt.send(bytes, timeout);
    if (status.ok()) status = attempt.finish(timeout);
    if (status.ok()) {
      kept_ = attempt.take_connection();
      return take_answer(attempt);
    }
    if (!reused || !attempt.may_repeat(request.method == Method::get)) return status.failure();
  }
}

Status DockerClient::settle_version(const std::string& offered, const std::string& oldest) {
  const auto newest = read_version(offered);
  if (!newest) {
    return Failure{Fault::unavailable,
                   "the daemon at " + settings_.endpoint.text() +
                       " did not report an API version; check that a Docker daemon listens there"};
  }
  if (*newest < oldest_api) {
    return Failure{Fault::refused, "the daemon at " + settings_.endpoint.text() +
                                       " has API version " + one_line(offered) + ", but " +
                                       to_text(oldest_api) +
                                       " is required; upgrade it to Docker 1.12 or newer"};
  }
  dates_late_ = *newest < first_to_date_right;
  newest_of_daemon_ = *newest;
  // The version nearest to ours. A newer daemon may have dropped ours; its oldest one is then used.
  version_ =
      to_text(std::max(std::min(*newest, newest_api), read_version(oldest).value_or(oldest_api)));
  return Done{};
}

Status DockerClient::negotiate(const Timeout& timeout) {
  if (!version_.empty()) return Done{};
  const auto ping = exchange({Method::get, "/_ping", ""}, timeout);
  if (!ping.ok()) return ping.failure();
  if (!ping.value().podman_version.empty()) {
    podman_ = read_podman_version(ping.value().podman_version);
  }
  // Daemons before API 1.25 do not report their version here, and the header does not contain the
  // oldest version that a newer daemon still supports. /version reports both.
  const auto offered = read_version(ping.value().api_version);
  if (offered && *offered <= newest_api) return settle_version(ping.value().api_version, "");
  const auto version = exchange({Method::get, "/version", ""}, timeout);
  if (!version.ok()) return version.failure();
  const auto document = parse_json(version.value().body);
  const auto* object = document ? document->if_object() : nullptr;
  if (object == nullptr) return settle_version("", "");
  return settle_version(text_member(*object, "ApiVersion"), text_member(*object, "MinAPIVersion"));
}

Result<Answer> DockerClient::ask(const ApiCall& call, const std::string& subject, Request request,
                                 const Timeout& timeout, const std::string& version) {
  const Status negotiated = negotiate(timeout);
  if (!negotiated.ok()) return failure(call, subject, negotiated.failure());
  request.target.insert(0, "/v" + (version.empty() ? version_ : version));
  auto answer = exchange(request, timeout);
  if (!answer.ok()) return failure(call, subject, answer.failure());
  const int status = answer.value().status;
  const bool success = (status >= 200 && status < 300) || status == 304;
  if (!success) return failure(call, subject, answer.value());
  return answer;
}

Result<json::value> DockerClient::ask_json(const ApiCall& call, const std::string& subject,
                                           Request request, const Timeout& timeout,
                                           const std::string& version) {
  const auto answer = ask(call, subject, std::move(request), timeout, version);
  if (!answer.ok()) return answer.failure();
  auto document = parse_json(answer.value().body);
  if (!document) return unusable_answer(call, subject);
  return std::move(*document);
}

Result<Exchange> DockerClient::open_stream(const ApiCall& call, const std::string& subject,
                                           Request request, const Timeout& timeout) {
  const Status negotiated = negotiate(timeout);
  if (!negotiated.ok()) return failure(call, subject, negotiated.failure());
  auto connection = Connection::open(settings_.endpoint, timeout);
  if (!connection.ok()) return failure(call, subject, connection.failure());
  request.target.insert(0, "/v" + version_);
  // A stream has its own connection, because no other answer can arrive before it ends.
  Exchange stream(std::move(connection.value()), ResponseReader::Body::endless);
  const Status sent = stream.send(to_bytes(request, host_header(settings_.endpoint)), timeout);
  if (!sent.ok()) return failure(call, subject, sent.failure());
  return stream;
}

// The version of a request: a newer one than usual only if a field needs it.
Result<std::string> DockerClient::version_for(const json::object& body) const {
  const auto needed = needed_api(body);
  const ApiVersion wanted{1, needed.minor};
  if (wanted <= read_version(version_).value_or(newest_api)) return version_;
  if (wanted <= newest_of_daemon_) return to_text(wanted);
  return Failure{Fault::refused, needed.what + " needs API " + to_text(wanted) +
                                     ", but the daemon has " + to_text(newest_of_daemon_) +
                                     "; remove the option, or upgrade the daemon"};
}

Result<std::string> DockerClient::create(const std::string& name, const json::object& body) {
  const Timeout timeout(settings_.call_deadline);
  const Status negotiated = negotiate(timeout);
  if (!negotiated.ok()) return failure(create_call, name, negotiated.failure());
  // The version must be known here, because the body depends on it.
  const auto version = version_for(body);
  if (!version.ok()) return failure(create_call, name, version.failure());
  const auto minor = read_version(version.value()).value_or(newest_api).second;
  auto fitting = create_body_for(minor, body);
  if (fitting.ok()) fitting = create_body_for_newer(minor, fitting.value());
  if (fitting.ok() && podman_) fitting = create_body_for_podman(*podman_, fitting.value());
  if (!fitting.ok()) return failure(create_call, name, fitting.failure());
  const Request request{Method::post, "/containers/create" + query({{"name", name}}),
                        json::serialize(fitting.value())};
  const auto answer = ask_json(create_call, name, request, timeout, version.value());
  if (!answer.ok()) return without_environment(answer.failure(), body);
  const auto* created = answer.value().if_object();
  std::string id = created == nullptr ? "" : text_member(*created, "Id");
  if (id.empty()) return unusable_answer(create_call, name);
  log_warnings(answer.value());
  return id;
}

Status DockerClient::start(const std::string& container) {
  return done_if(ask(start_call, container, {Method::post, path_of(container, "/start"), ""},
                     Timeout(settings_.call_deadline)));
}

Result<ContainerFacts> DockerClient::inspect(const std::string& container) {
  const auto record = ask_record(inspect_call, container, Timeout(settings_.call_deadline));
  if (!record.ok()) return record.failure();
  auto facts = read_inspect(record.value());
  if (!facts) return unusable_answer(inspect_call, container);
  // Such a time would make a correct exit code look invented (engine/lifecycle/termination.h).
  if (dates_late_) facts->finished_at.clear();
  return std::move(*facts);
}

Result<std::vector<ContainerFacts>> DockerClient::list(const std::string& label,
                                                       const std::string& value) {
  const std::string wanted = label + "=" + value;
  const json::object filters{{"label", json::array{wanted}}};
  const Request request{
      Method::get,
      "/containers/json" + query({{"all", "1"}, {"filters", json::serialize(filters)}}), ""};
  const auto answer = ask_json(list_call, wanted, request, Timeout(settings_.call_deadline));
  if (!answer.ok()) return answer.failure();
  auto containers = read_list(answer.value());
  if (!containers) return unusable_answer(list_call, wanted);
  return std::move(*containers);
}

Status DockerClient::kill(const std::string& container, const std::string& signal) {
  const Request request{Method::post, path_of(container, "/kill") + query({{"signal", signal}}),
                        ""};
  const auto answer = ask(kill_call, container, request, Timeout(settings_.call_deadline));
  // The container may have exited meanwhile. Daemons report that with different statuses and texts.
  if (answer.failed_with(Fault::not_found) ||
      (!answer.ok() && (mentions(answer.failure().text, "is not running") ||
                        mentions(answer.failure().text, "can only kill running containers")))) {
    return Done{};
  }
  return done_if(answer);
}

Status DockerClient::remove(const std::string& container) {
  const Request request{Method::remove, path_of(container, "?v=1&force=1"), ""};
  const Timeout timeout(settings_.call_deadline);
  for (;;) {
    const auto answer = ask(remove_call, container, request, timeout);
    if (answer.failed_with(Fault::not_found)) return Done{};
    const bool under_way = answer.failed_with(Fault::conflict) &&
                           mentions(answer.failure().text, "already in progress");
    if (!under_way) return done_if(answer);
    // Not a conflict for the caller: the removal in progress may succeed later.
    if (time_left(timeout.end) <= removal_pause) {
      return Failure{Fault::unavailable, answer.failure().text};
    }
    // Another removal is in progress. It can fail, so this asks again instead of only looking.
    ::poll(nullptr, 0, static_cast<int>(removal_pause.count()));
  }
}

Status DockerClient::update(const std::string& container, const json::object& body) {
  const auto answer = ask(update_call, container,
                          {Method::post, path_of(container, "/update"), json::serialize(body)},
                          Timeout(settings_.call_deadline));
  if (!answer.ok()) return answer.failure();
  if (const auto document = parse_json(answer.value().body)) log_warnings(*document);
  return Done{};
}

Result<bool> DockerClient::has_image(const std::string& reference) {
  const auto answer =
      ask(image_call, reference, image_request(reference), Timeout(settings_.call_deadline));
  if (answer.failed_with(Fault::not_found)) return false;
  if (!answer.ok()) return answer.failure();
  return true;
}

Result<ExposedPorts> DockerClient::exposed_ports(const std::string& reference) {
  const auto answer =
      ask_json(image_call, reference, image_request(reference), Timeout(settings_.call_deadline));
  if (!answer.ok()) return answer.failure();
  return read_exposed_ports(answer.value());
}

Status DockerClient::pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
                          const PullListener& listener) {
  const ImageName image = split_reference(reference);
  Request request{Method::post,
                  "/images/create" + query({{"fromImage", image.repository}, {"tag", image.tag}}),
                  ""};
  if (!auth.empty()) {
    request.headers.emplace_back("X-Registry-Auth", auth_header(auth));
  }
  auto opened = open_stream(pull_call, reference, request, Timeout(settings_.call_deadline));
  if (!opened.ok()) return opened.failure();
  Exchange& stream = opened.value();
  PullProgress report(listener, progress_interval);
  Timeout silence(settings_.pull_silence);
  const auto failed = [&](const Failure& why) { return failure(pull_call, reference, why); };
  for (;;) {
    ResponseReader& answer = stream.answer();
    const bool flowing = answer.headers_complete() && answer.status() == 200;
    if (flowing) {
      const Status fed = report.feed(answer.take_body());
      if (!fed.ok()) return failed(fed.failure());
    }
    if (answer.complete() && !flowing) return failure(pull_call, reference, take_answer(stream));
    if (answer.complete()) {
      const Status ended = report.finish();
      return ended.ok() ? ended : failed(ended.failure());
    }
    const auto arrived = stream.advance();
    if (!arrived.ok()) return failed(arrived.failure());
    // Only silence is limited, not the length of the pull.
    if (arrived.value()) silence = Timeout(settings_.pull_silence);
    // TLS may keep further bytes, which poll() cannot see. So look only at the interrupt after
    // bytes.
    const Deadline end = arrived.value() ? deadline_in(Duration::zero()) : silence.end;
    const Readiness readiness = wait_for(stream.fd(), POLLIN, end, interrupt);
    if (readiness == Readiness::interrupted) {
      return failed({Fault::interrupted, "the pull was cancelled"});
    }
    if (readiness == Readiness::timed_out && !arrived.value()) {
      return failed(stream.connection().silent(silence));
    }
  }
}

// Only the container itself tells whether its output is framed.
Result<json::value> DockerClient::ask_record(const ApiCall& call, const std::string& container,
                                             const Timeout& timeout) {
  return ask_json(call, container, {Method::get, path_of(container, "/json"), ""}, timeout);
}

Result<std::unique_ptr<Attachment>> DockerClient::attach(const std::string& container) {
  const Timeout timeout(settings_.call_deadline);
  const auto record = ask_record(attach_call, container, timeout);
  if (!record.ok()) return record.failure();
  const auto facts = read_inspect(record.value());
  // When a client attaches to an exited container, Podman prepares it for another start, and
  // forgets its exit code.
  if (podman_ && facts && facts->status == "exited") {
    return failure(attach_call, container, Failure{Fault::refused, "it has exited"});
  }
  const Request request{
      Method::post,
      path_of(container, "/attach") + query({{"stream", "1"}, {"stdout", "1"}, {"stderr", "1"}}),
      "",
      {{"Connection", "Upgrade"}, {"Upgrade", "tcp"}}};
  auto exchange = open_stream(attach_call, container, request, timeout);
  if (!exchange.ok()) return exchange.failure();
  const auto answered = exchange.value().finish(timeout);
  if (!answered.ok()) return failure(attach_call, container, answered.failure());
  constexpr int switching_protocols = 101;
  if (exchange.value().answer().status() != switching_protocols) {
    return failure(attach_call, container, take_answer(exchange.value()));
  }
  return make_attachment(std::move(exchange.value()), container, has_terminal(record.value()));
}

Result<std::unique_ptr<LogReader>> DockerClient::read_log(const std::string& container,
                                                          const std::string& since,
                                                          std::size_t most) {
  const Timeout timeout(settings_.call_deadline);
  std::string since_time;
  if (!since.empty()) {
    const auto time = unix_time(since);
    if (!time.ok()) return failure(log_call, container, time.failure());
    since_time = time.value();
  }
  const auto record = ask_record(log_call, container, timeout);
  if (!record.ok()) return record.failure();
  const Request request{
      Method::get,
      path_of(container, "/logs") + query({{"stdout", "1"},
                                           {"stderr", "1"},
                                           {"timestamps", "1"},
                                           {"since", since_time},
                                           {"tail", most == 0 ? "" : std::to_string(most)}}),
      ""};
  auto stream = open_stream(log_call, container, request, timeout);
  if (!stream.ok()) return stream.failure();
  return make_log_reader(
      std::move(stream.value()), container,
      // Only the container itself tells whether its output is framed.
      has_terminal(record.value()) ? LogDecoder::Format::bare : LogDecoder::Format::framed);
}

Result<std::unique_ptr<ExitStream>> DockerClient::open_exit_stream(const std::string& container) {
  auto stream = open_stream(wait_call, container, {Method::post, path_of(container, "/wait"), ""},
                            Timeout(settings_.call_deadline));
  if (!stream.ok()) return stream.failure();
  return make_exit_stream(std::move(stream.value()), container);
}

// The daemon sends what it remembers up to `until`, and ends. An event is logged shortly after the
// end that it causes. A later `until` would only make the daemon wait.
Result<std::vector<int>> DockerClient::signals_sent(const ContainerFacts& ended) {
  constexpr std::int64_t late_event = 50;  // ms
  const auto finished = unix_milliseconds(ended.finished_at);
  if (podman_ || !finished) return std::vector<int>();
  const auto until = std::to_string(*finished + late_event);
  const json::object filters{{"container", json::array{ended.id}}, {"event", json::array{"kill"}}};
  const Request request{Method::get,
                        "/events" + query({{"since", "1"},
                                           {"until", until.substr(0, until.size() - 3) + "." +
                                                         until.substr(until.size() - 3)},
                                           {"filters", json::serialize(filters)}}),
                        ""};
  const auto answer = ask(events_call, ended.name, request,
                          Timeout(std::min(settings_.call_deadline, Duration(2'000))));
  if (!answer.ok()) return answer.failure();
  return read_signals(answer.value().body);
}

Result<DaemonInfo> DockerClient::info() {
  const auto answer = ask_json(info_call, "", {Method::get, "/info", ""},
                               Timeout(std::min(settings_.call_deadline, Duration(5'000))));
  if (!answer.ok()) return answer.failure();
  auto info = read_info(answer.value());
  if (!info) return unusable_answer(info_call, "");
  info->api = version_;
  // Each of Podman's containers has a process of its own, which does not end with the service.
  if (podman_) info->live_restore = true;
  return std::move(*info);
}

// Without a version in the path, so that it reaches a daemon of any version.
Status DockerClient::ping() {
  const auto answer = exchange({Method::get, "/_ping", ""}, Timeout(settings_.call_deadline));
  if (!answer.ok()) return failure(ping_call, "", answer.failure());
  if (answer.value().status != 200) return failure(ping_call, "", answer.value());
  return Done{};
}

std::string oldest_api_version() { return to_text(oldest_api); }
std::string newest_api_version() { return to_text(newest_api); }

std::unique_ptr<Docker> connect_docker(const ClientSettings& settings) {
  return std::make_unique<DockerClient>(settings);
}

}  // namespace containerizer
