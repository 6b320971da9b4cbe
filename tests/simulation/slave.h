// A model of the slave. Like a real one with checkpoints, it survives its own crashes: it launches,
// waits, destroys and restarts (docs/mesos-protocol.md 1 and 2). It records replies that no slave
// may ever get.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/installation.h"

namespace containerizer::simulation {

class Slave {
 public:
  Slave(Universe& universe, Installation& installation);

  void start();
  // The verbs that it has called keep running. No process reads their replies.
  void crash();

  void launch(const std::string& container_id, bool is_command);
  void destroy(const std::string& container_id);
  void update(const std::string& container_id);
  void destroy_all();

  // It has recovered, and of its calls only waits are still running.
  bool is_ready() const { return recovered_ && calls_ == 0; }
  // All containers that it knows have ended.
  bool is_done() const;
  // The last reply of `containers`.
  const std::set<std::string>& listed() const { return listed_; }
  // A hash of its state. See Universe::fingerprint().
  std::uint64_t fingerprint() const;
  // Broken promises.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  class Invocation;
  struct Container {
    bool launched = false;  // the launch was acknowledged
    bool is_over = false;   // the slave has forgotten it
    Deadline over_at = {};
    pid_t wait = 0;  // the call since the last start
  };

  void call(int (*verb)(containerizer::Invocation&), const std::string& name, std::string request,
            Duration limit,
            std::function<void(std::optional<int> status, const std::string& answer)> ended);
  void list();
  void take_list(const std::set<std::string>& listed);
  void wait(const std::string& container_id);
  void take_answer(const std::string& container_id, const std::string& answer);
  void retire(const std::string& container_id);
  void end(Container& container);
  void problem(const std::string& what) { problems_.push_back(what); }

  Universe& universe_;
  Installation& installation_;
  int life_ = 0;  // counts starts and crashes; even: not running
  bool recovered_ = false;
  int calls_ = 0;
  std::set<Invocation*> open_;
  std::map<std::string, Container> containers_;
  std::map<std::string, std::string> told_;  // the complete replies of `wait`
  std::set<std::string> listed_;
  std::vector<std::string> problems_;
};

}  // namespace containerizer::simulation
