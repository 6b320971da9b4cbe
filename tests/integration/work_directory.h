// The work directory of one slave, in a temporary place, and everything that a test does there
// apart from the slave.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/child.h"

namespace containerizer::integration {

namespace fs = std::filesystem;
namespace json = boost::json;

// TEST_CONTAINERIZER, or the program of the build that this test belongs to.
std::string program();
// TEST_SLAVE_DIR, or the directory of that build with the player and the stand-ins.
std::string slave_binaries();

// Polls until `condition` is true. Fails the test if that takes longer than `bound`.
void eventually(const std::string& what, const std::function<bool()>& condition);

std::string read_file(const fs::path& path);
void write_file(const fs::path& path, std::string_view content);

std::vector<std::string> lines_of(const std::string& text);

// The process is blocked in the kernel until it gets a file lock. It uses no CPU then.
bool waits_for_lock(pid_t process);

// The frame of a message that consists of a container ID.
std::string frame_for(const std::string& container_id);

// The message in a verb's reply frame.
template <class Message>
Message message_in(const std::string& frame) {
  Message message;
  constexpr std::size_t length_size = 4;
  if (frame.size() < length_size || !message.ParseFromString(frame.substr(length_size))) {
    throw std::runtime_error("no frame");
  }
  return message;
}

// The destructor ends all containers and processes of the slave. Unless the test has already
// failed, it then checks that nothing is left of them.
class WorkDirectory {
 public:
  WorkDirectory();
  ~WorkDirectory();
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;

  const fs::path& path() const { return path_; }
  // A directory for the test's own files.
  const fs::path& scratch() const { return scratch_; }
  // <work dir>/docker-containerizer
  fs::path state() const { return path_ / "docker-containerizer"; }
  // The directory of mesos-executor and mesos-fetcher of a release of Mesos.
  fs::path launcher(const std::string& mesos) const;

  // Runs a verb as a slave does. `variables` are added to the slave's environment.
  Ran call(const std::string& verb, const std::string& input = "",
           const Variables& variables = {}) const;
  // Runs a verb whose message consists of a container ID.
  Ran call_for(const std::string& verb, const std::string& container_id,
               const Variables& variables = {}) const;
  // Starts such a verb without waiting for its exit.
  std::unique_ptr<Child> begin(const std::string& verb, const std::string& container_id) const;
  // The output of an operator's command, which must succeed.
  std::string ask(std::vector<std::string> arguments) const;

  // --- What the program has recorded ---
  // `show ID --json`
  json::object show(const std::string& container_id) const;
  std::string state_of(const std::string& container_id) const;
  // All events of the container, in order, separated by spaces.
  std::string events_of(const std::string& container_id) const;
  void await_state(const std::string& container_id, const std::string& state) const;
  // The IDs that `containers` returns.
  std::vector<std::string> listed() const;
  // Waits until the container's termination is recorded, and returns it.
  json::object termination_of(const std::string& container_id) const;
  // The output of sqlite3 for `text` in the state database, which must succeed.
  std::string sql(const std::string& text) const;

  // --- What really exists ---
  // Docker IDs of this slave's containers.
  std::vector<std::string> docker_containers() const;
  // PIDs of this slave's processes whose command line contains all `words`.
  std::vector<pid_t> processes(const std::vector<std::string>& words) const;
  // Waits until exactly one process supervises the container, and returns it.
  pid_t supervisor(const std::string& container_id) const;
  // Whether the container's task proxy handles SIGTERM already.
  bool has_task_proxy(const std::string& container_id) const;
  // Sends SIGKILL to the supervisor and waits until it has exited.
  void kill_supervisor(const std::string& container_id) const;
  // Does the same to each `wait`, `destroy` and `supervise` of this slave.
  void kill_all() const;
  // Calls kill_all() and removes the database.
  void lose_record() const;

  // The environment variables of every process of the slave.
  const Variables& variables() const { return variables_; }
  void set(const std::string& setting, const std::string& value) { variables_[setting] = value; }

 private:
  void end_everything() const;
  void check_nothing_left() const;

  fs::path scratch_;
  fs::path path_;
  Variables variables_;
};

// The output of `docker ARGUMENTS…`, which must succeed.
std::string docker(std::vector<std::string> arguments);

}  // namespace containerizer::integration
