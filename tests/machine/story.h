// What a machine has said over several boots, and whether it is the truth.
#pragma once

#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace containerizer::machine {

// How a container ended, as the database has it.
struct Ending {
  std::string kind;
  std::string exit;    // "": none
  std::string signal;  // "": none
  std::string why;     // the first word of the message

  bool operator==(const Ending&) const = default;
};

// A container that the slave has launched, or has begun to.
struct Container {
  std::string name;
  int boot = 0;                     // in which it was launched
  bool acknowledged = false;        // the verb `launch` has succeeded
  bool asked_to_end = false;        // a kill, a shutdown or a destroy was sent
  int runs = 0;                     // how often the task's program has started
  bool has_ended = false;           // the slave has read how it ended
  std::optional<std::string> told;  // the exit code that it was told then
  std::optional<Ending> ending;     // after an earlier boot
};

// Reads the lines that tests/machine/guest says, one after another, and checks the promises of
// docs/crash-testing.md ("A machine that loses its power").
class Story {
 public:
  // `out` gets a line for each broken promise.
  explicit Story(std::ostream& out) : out_(out) {}

  void read(const std::string& line);

  int restarts() const { return restarts_; }  // after which everything was checked
  int broken() const { return broken_; }      // promises
  // How many containers were in each state before these, and how they ended.
  const std::map<std::string, int>& states() const { return states_; }
  const std::map<std::string, int>& endings() const { return endings_; }
  int acknowledged() const { return acknowledged_; }

 private:
  // What was said since the boot.
  struct Boot {
    int number = 0;
    bool listed = false;                       // the verb `containers` was called
    std::set<std::string> ids;                 // that it listed
    std::set<std::string> delivered;           // by what the database said at first
    std::set<std::string> foreign;             // names
    std::map<std::string, std::string> waits;  // the reply
    std::map<std::string, Ending> rows;
    std::map<std::string, std::string> row_states;
    int integrity = 0;  // how often the database was intact
    bool has_database = true;
  };

  void begin_boot(const std::vector<std::string>& words);
  void read_slave(const std::vector<std::string>& words, const std::string& line);
  void read_task(const std::vector<std::string>& words);
  void read_check(const std::vector<std::string>& words, const std::string& line);
  void read_verb(const std::vector<std::string>& words);
  void read_row(const std::vector<std::string>& words, const std::string& line);
  void read_foreign(const std::vector<std::string>& words, const std::string& line);
  void check();
  void check(const std::string& id, Container& container);
  void check_ending(const std::string& id, Container& container, const Ending& ending);
  bool must_be_listed(const std::string& id, const Container& container) const;
  void break_promise(const std::string& what);

  Container* find(const std::string& name);

  std::ostream& out_;
  Boot boot_;
  std::map<std::string, Container> containers_;  // by the slave's ID
  std::map<std::string, std::string> ids_;       // by name
  std::map<std::string, std::string> foreign_;
  std::map<std::string, int> states_, endings_;
  int restarts_ = 0, broken_ = 0, acknowledged_ = 0;
};

}  // namespace containerizer::machine
