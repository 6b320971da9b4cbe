// A real master, a real slave with this program as its containerizer, and a framework of ours.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/work_directory.h"
#include "tests/mesos/framework.h"
#include "tests/slave/version.h"

namespace containerizer::real_mesos {

namespace fs = std::filesystem;

// An installed Mesos.
struct Installation {
  player::Version version;
  fs::path prefix;

  // That in TEST_MESOS, a prefix. Throws std::runtime_error with one line if it is not usable.
  static Installation under_test();
  // That in TEST_MESOS_NEWER, if it is set.
  static std::optional<Installation> newer();

  bool since(int major, int minor, int patch = 0) const {
    return version >= player::Version{major, minor, patch};
  }
  fs::path helpers() const { return prefix / "libexec/mesos"; }
  // Whether the program knows this flag.
  bool knows(const std::string& program, const std::string& flag) const;
};

using Flags = std::vector<std::string>;

// A daemon of Mesos on a free port of the loopback address, with its log in a file.
class Server {
 public:
  Server(const fs::path& program, const Flags& flags, const fs::path& log,
         const integration::Variables& variables);

  pid_t pid() const { return process_.pid(); }
  // Waits until it has logged this. A server that exits before is a failed test, with the reason
  // from its log.
  void await_log(const std::string& text);
  // Waits for the exit, and returns the status.
  int await_end();
  // The last line of the log that says why the server has exited, or else the last one.
  std::string last_words() const;
  // What it has logged since its start.
  std::string log() const;
  // SIGKILL.
  void die() { process_.kill_hard(); }

 private:
  fs::path log_;
  std::size_t log_began_;
  integration::Child process_;
};

// The body of the reply to `GET http://127.0.0.1:PORT/PATH`, or empty if it is not 200.
std::optional<boost::json::value> get(int port, const std::string& path);

class Cluster {
 public:
  // Starts the master. Call start_slave() for the rest.
  explicit Cluster(const Installation& mesos = Installation::under_test());
  // Kills slave and master, and ends what is left of the tasks.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  integration::WorkDirectory& place() { return place_; }
  const Installation& mesos() const { return mesos_; }
  // IP:PORT
  std::string master() const { return "127.0.0.1:" + std::to_string(master_port_); }
  std::string slave_address() const { return "127.0.0.1:" + std::to_string(slave_port_); }

  // Flags that every later slave gets, besides those that it needs.
  void set_slave_flags(const Flags& flags) { slave_flags_ = flags; }
  // Starts a slave without waiting for it.
  void launch_slave();
  // The same, and waits until the master has registered it.
  void start_slave();
  // SIGKILL.
  void kill_slave();
  void restart_slave() {
    kill_slave();
    start_slave();
  }
  // The slave that is started next is of this Mesos.
  void upgrade(const Installation& mesos) { mesos_ = mesos; }
  Server& slave() { return *slave_; }
  // `GET` at the slave, which must reply.
  boost::json::value ask_slave(const std::string& path);

  // The container of a task (or of an executor), once the program has recorded its launch.
  std::string container_of(const std::string& executor);
  // The sandbox of that container.
  fs::path sandbox_of(const std::string& executor);
  // Waits until the program has removed the container.
  void await_gone(const std::string& container);
  // The ID of that container at the daemon.
  std::string docker_id(const std::string& container);

  // --- Tasks ---
  // A command task in busybox:test, in the form that this release has for an image.
  mesos::TaskInfo task(const std::string& name, const std::string& script) const;
  // A task of the test's own executor, in busybox:test. `script` is the task's.
  mesos::TaskInfo custom_task(const std::string& name, const std::string& executor,
                              const std::string& script) const;
  // Names the image in the way that this release has for it.
  void set_image(mesos::TaskInfo& task, const std::string& image) const;

 private:
  integration::WorkDirectory place_;
  Installation mesos_;
  int master_port_, slave_port_;
  Flags slave_flags_;
  Server master_;
  std::unique_ptr<Server> slave_;
};

void add_resource(mesos::TaskInfo& task, const std::string& name, double amount);
void set_variable(mesos::CommandInfo& command, const std::string& name, const std::string& value);

}  // namespace containerizer::real_mesos
