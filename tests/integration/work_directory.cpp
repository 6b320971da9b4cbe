#include "tests/integration/work_directory.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <sstream>

#include "containerizer.pb.h"
#include "proto/frame.h"

namespace containerizer::integration {
namespace {

constexpr Duration look_again{20};

fs::path built(const char* variable, const char* beside_tests) {
  if (const char* chosen = std::getenv(variable)) return chosen;
  return (fs::read_symlink("/proc/self/exe").parent_path() / beside_tests).lexically_normal();
}

fs::path temporary_directory() {
  std::string name = fs::canonical(fs::temp_directory_path()) / "containerizer-test-XXXXXX";
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  fs::permissions(name, fs::perms(0755));
  return name;
}

// A file of /proc/PID, such as cmdline or environ.
std::string process_file(pid_t pid, const char* name) {
  try {
    return read_file(fs::path("/proc") / std::to_string(pid) / name);
  } catch (const std::exception&) {
    return "";  // The process has ended between the open and the read.
  }
}

// The process has a handler for SIGTERM.
bool catches_kill(pid_t pid) {
  static constexpr std::string_view field = "SigCgt:\t";
  const auto status = process_file(pid, "status");
  const auto at = status.find(field);
  if (at == std::string::npos) return false;
  const auto caught = std::stoull(status.substr(at + field.size()), nullptr, 16);
  return (caught >> (SIGTERM - 1) & 1) != 0;
}

// Sends SIGKILL, and returns when the process has exited.
void kill_process(pid_t pid) {
  const Fd gone(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ::kill(pid, SIGKILL);
  // A pidfd, because the process still has its sockets and locks when /proc no longer shows its
  // command line.
  pollfd end{gone.get(), POLLIN, 0};
  REQUIRE((!gone.valid() || ::poll(&end, 1, static_cast<int>(bound.count())) == 1));
}

}  // namespace

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string program() { return built("TEST_CONTAINERIZER", "../docker-containerizer"); }
std::string slave_binaries() { return built("TEST_SLAVE_DIR", "slave"); }

void eventually(const std::string& what, const std::function<bool()>& condition) {
  const auto deadline = deadline_in(bound);
  while (!condition()) {
    if (time_left(deadline) == Duration::zero()) FAIL("did not happen in time: " << what);
    sleep_for(look_again);
  }
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  REQUIRE(file.good());
}

// /proc/PID/syscall shows the number of the call in which a process is blocked and its arguments.
// The second argument of fcntl is the command.
bool waits_for_lock(pid_t process) {
  std::istringstream call(process_file(process, "syscall"));
  long number = -1;
  std::string descriptor;
  std::string command;
  call >> number >> descriptor >> command;
  return number == SYS_fcntl && std::strtol(command.c_str(), nullptr, 16) == F_OFD_SETLKW;
}

std::string docker(std::vector<std::string> arguments) {
  const char* host = std::getenv("TEST_DOCKER_HOST");
  if (host == nullptr) FAIL("TEST_DOCKER_HOST must name a Docker daemon for tests (bin/daemon)");
  arguments.insert(arguments.begin(), {"docker", "-H", host});
  return output_of(arguments);
}

// The messages of all verbs have the container's ID in the same field.
std::string frame_for(const std::string& container_id) {
  mesos::containerizer::Wait message;
  message.mutable_container_id()->set_value(container_id);
  return to_frame(message.SerializeAsString());
}

WorkDirectory::WorkDirectory() : scratch_(temporary_directory()), path_(scratch_ / "work") {
  fs::create_directory(path_);
  variables_ = {{"MESOS_WORK_DIRECTORY", path_}};
}

WorkDirectory::~WorkDirectory() {
  const bool failed = std::uncaught_exceptions() > 0;
  end_everything();
  if (!failed) check_nothing_left();
  std::error_code ignored;
  fs::remove_all(scratch_, ignored);
}

fs::path WorkDirectory::launcher(const std::string& mesos) const {
  auto directory = scratch_ / ("launcher-" + mesos);
  if (!fs::exists(directory)) {
    output_of({SOURCE_DIR "/tests/slave/make-launcher-dir", directory, mesos, slave_binaries()});
  }
  return directory;
}

Ran WorkDirectory::call(const std::string& verb, const std::string& input,
                        const Variables& variables) const {
  Variables all = variables_;
  for (const auto& [name, value] : variables) all[name] = value;
  return run({program(), verb}, all, input);
}

Ran WorkDirectory::call_for(const std::string& verb, const std::string& container_id,
                            const Variables& variables) const {
  return call(verb, frame_for(container_id), variables);
}

std::unique_ptr<Child> WorkDirectory::begin(const std::string& verb,
                                            const std::string& container_id) const {
  auto child = std::make_unique<Child>(std::vector<std::string>{program(), verb}, variables_);
  child->send(frame_for(container_id));
  return child;
}

std::string WorkDirectory::ask(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), program());
  const auto ran = run(arguments, variables_);
  INFO(arguments[1] << ": " << ran.err << ran.out);
  REQUIRE(ran.status == 0);
  return ran.out;
}

json::object WorkDirectory::show(const std::string& container_id) const {
  return json::parse(ask({"show", container_id, "--json"})).as_object();
}

std::string WorkDirectory::state_of(const std::string& container_id) const {
  return show(container_id).at("state").as_string().c_str();
}

std::string WorkDirectory::events_of(const std::string& container_id) const {
  const auto whole = show(container_id);
  std::string all;
  for (const auto& entry : whole.at("history").as_array()) {
    all += (all.empty() ? "" : " ") + std::string(entry.at("event").as_string());
  }
  return all;
}

void WorkDirectory::await_state(const std::string& container_id, const std::string& state) const {
  eventually(container_id + " is " + state, [&] { return state_of(container_id) == state; });
}

std::vector<std::string> WorkDirectory::listed() const {
  const auto ran = call("containers");
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  const auto message = message_in<mesos::containerizer::Containers>(ran.out);
  std::vector<std::string> ids;
  for (const auto& id : message.containers()) ids.push_back(id.value());
  return ids;
}

json::object WorkDirectory::termination_of(const std::string& container_id) const {
  json::value termination;
  eventually("the termination of " + container_id + " is recorded", [&] {
    termination = show(container_id).at("termination");
    return termination.is_object();
  });
  return termination.as_object();
}

std::string WorkDirectory::sql(const std::string& text) const {
  // A supervisor may be writing at this moment.
  return output_of({"sqlite3", "-cmd", ".timeout 10000", state() / "state.db", text});
}

std::vector<std::string> WorkDirectory::docker_containers() const {
  return lines_of(docker({"ps", "-aq", "--no-trunc", "--filter",
                          "label=docker-containerizer.instance=" + path_.string()}));
}

std::vector<pid_t> WorkDirectory::processes(const std::vector<std::string>& words) const {
  const auto mark = "MESOS_WORK_DIRECTORY=" + path_.string() + '\0';
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto pid = static_cast<pid_t>(std::atoi(entry.path().filename().c_str()));
    if (pid <= 0 || process_file(pid, "environ").find(mark) == std::string::npos) continue;
    const auto line = process_file(pid, "cmdline");
    const bool all = std::all_of(words.begin(), words.end(), [&](const auto& word) {
      return line.find(word) != std::string::npos;
    });
    if (all) found.push_back(pid);
  }
  return found;
}

bool WorkDirectory::has_task_proxy(const std::string& container_id) const {
  const auto task_proxies = processes({"task-proxy", container_id});
  return std::any_of(task_proxies.begin(), task_proxies.end(),
                     [](pid_t pid) { return catches_kill(pid); });
}

pid_t WorkDirectory::supervisor(const std::string& container_id) const {
  std::vector<pid_t> found;
  eventually("a supervisor of " + container_id, [&] {
    found = processes({"supervise", container_id});
    return found.size() == 1;
  });
  return found[0];
}

void WorkDirectory::kill_supervisor(const std::string& container_id) const {
  kill_process(supervisor(container_id));
}

void WorkDirectory::kill_all() const {
  // In this order, because `wait` and `destroy` start a new supervisor.
  for (const char* who : {"wait", "destroy", "supervise"}) {
    for (const auto pid : processes({program(), who})) kill_process(pid);
  }
}

void WorkDirectory::lose_record() const {
  kill_all();
  for (const char* file : {"state.db", "state.db-wal", "state.db-shm"}) fs::remove(state() / file);
}

void WorkDirectory::end_everything() const {
  // With its standard input closed: if TEST_CONTAINERIZER is another containerizer, it may wait for
  // a message.
  const auto listing = run({program(), "ps", "--all", "--json"}, variables_, "", true);
  boost::system::error_code not_json;
  const auto rows = json::parse(listing.out, not_json);
  std::vector<std::unique_ptr<Child>> destroyers;
  if (!not_json && rows.is_object()) {
    for (const auto& row : rows.at("containers").as_array()) {
      if (row.at("state").as_string() == "Gone") continue;
      destroyers.push_back(begin("destroy", row.at("container_id").as_string().c_str()));
    }
  }
  for (const auto& one : destroyers) one->await_end();
  if (std::uncaught_exceptions() == 0) return;
  // The test has failed, perhaps because the program does not destroy its containers.
  for (const auto& id : docker_containers()) run({"docker", "rm", "-f", id});
  for (const auto pid : processes({})) ::kill(pid, SIGKILL);
}

void WorkDirectory::check_nothing_left() const {
  CHECK(docker_containers() == std::vector<std::string>{});
  const auto deadline = deadline_in(bound);
  while (!processes({}).empty() && time_left(deadline) > Duration::zero()) sleep_for(look_again);
  for (const auto pid : processes({})) {
    UNSCOPED_INFO("left: " << pid << " " << process_file(pid, "cmdline"));
    ::kill(pid, SIGKILL);
    CHECK(pid == 0);
  }
  std::error_code none;
  for (const auto& file : fs::directory_iterator(state() / "run", none)) {
    FAIL_CHECK("left: " << file.path());
  }
}

}  // namespace containerizer::integration
