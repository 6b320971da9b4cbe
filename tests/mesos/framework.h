// A small framework: registers with a master, launches tasks, and keeps what it is told about them.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <set>
#include <thread>
#include <vector>

#include "framework_messages.pb.h"
#include "tests/mesos/endpoint.h"

namespace containerizer::real_mesos {

// A status update, as a framework sees it.
struct Status {
  std::string state;  // TASK_RUNNING…
  std::string message;
  std::optional<bool> healthy;
  std::optional<int> source, reason;  // since 0.21
};

std::ostream& operator<<(std::ostream& out, const Status& status);

class Framework {
 public:
  struct Options {
    bool checkpoint = true;
    std::string user = "root";
    // Seconds that the master keeps the tasks of a framework that is gone.
    double failover_timeout = 0;
    // The ID of a framework that is gone, and whose place this one takes.
    std::string id;
  };

  // `master` is IP:PORT. Returns when the master has registered the framework.
  Framework(const std::string& master, const Options& options);
  // Disappears, without a word to the master.
  ~Framework();
  Framework(const Framework&) = delete;
  Framework& operator=(const Framework&) = delete;

  std::string id() const;
  // Launches the tasks on one slave. Sets their slave's ID, and that of the framework.
  void launch(std::vector<mesos::TaskInfo> tasks);
  void launch(const mesos::TaskInfo& task) { launch(std::vector{task}); }
  void kill(const std::string& task, std::optional<double> grace_seconds = std::nullopt);
  // Tells the master that the framework is gone for good.
  void unregister();

  // Waits for an update of this task that is in this state, and returns the first. An update that
  // ends the task in another state is a failed test.
  Status await(const std::string& task, const std::string& state);
  // Waits until the task has ended, and returns how.
  Status end_of(const std::string& task);
  // Waits for an update that says whether the task is healthy.
  Status await_health(const std::string& task, bool healthy);
  // All updates so far, without repetitions.
  std::vector<Status> statuses(const std::string& task) const;
  // Waits until the slave has reported that this executor has exited (since 0.26?), and returns its
  // wait status.
  int await_executor_exit(const std::string& executor);

 private:
  void received(const std::string& from, const std::string& name, const std::string& body);
  void take(const mesos::internal::StatusUpdateMessage& message);
  // All offers of one slave.
  std::vector<mesos::internal::Offer> take_offers();
  // Waits until `condition`, which is called with the mutex locked.
  template <class Condition>
  void await_condition(const std::string& what, Condition condition);
  std::string told_about(const std::string& task) const;

  std::string master_;
  boost::asio::io_context loop_;
  Endpoint endpoint_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // --- guarded by mutex_ ---
  mesos::FrameworkID id_;
  std::string error_;
  std::map<std::string, mesos::internal::Offer> offers_;
  std::map<std::string, std::vector<Status>> statuses_;
  std::set<std::string> seen_;  // UUIDs
  std::map<std::string, int> exits_;

  std::thread thread_;
};

}  // namespace containerizer::real_mesos
