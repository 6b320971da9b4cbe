// A model of the slave, which survives its own crashes as a real one does by its checkpoints: it
// launches, waits, destroys, and comes back (mesos-protocol 1 and 2). It notes what no slave may
// ever be told.
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
  // The verbs that it had called live on; nobody reads their answers.
  void crash();

  void launch(const std::string& container_id, bool is_command);
  void destroy(const std::string& container_id);
  void update(const std::string& container_id);
  void destroy_all();

  // It has recovered, and nothing that it called is under way but waits.
  bool is_ready() const { return recovered_ && calls_ == 0; }
  // No container is left that it knows of.
  bool is_done() const;
  // What `containers` answered last.
  const std::set<std::string>& listed() const { return listed_; }
  // Of all that it knows. See Universe::fingerprint().
  std::uint64_t fingerprint() const;
  // Broken promises.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  class Invocation;
  struct Container {
    bool launched = false;  // the launch was acknowledged
    bool is_over = false;   // for the slave
    pid_t wait = 0;         // of this life
  };

  void call(int (*verb)(containerizer::Invocation&), const std::string& name, std::string request,
            Duration limit,
            std::function<void(std::optional<int> status, const std::string& answer)> ended);
  void list();
  void take_list(const std::set<std::string>& listed);
  void wait(const std::string& container_id);
  void take_answer(const std::string& container_id, const std::string& answer);
  void retire(const std::string& container_id);
  void problem(const std::string& what) { problems_.push_back(what); }

  Universe& universe_;
  Installation& installation_;
  int life_ = 0;  // even: down
  bool recovered_ = false;
  int calls_ = 0;
  std::set<Invocation*> open_;
  std::map<std::string, Container> containers_;
  std::map<std::string, std::string> told_;  // the full answers
  std::set<std::string> listed_;
  std::vector<std::string> problems_;
};

}  // namespace containerizer::simulation
