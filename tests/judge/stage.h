// One case: the slaves that play it, what they did, and what they found wrong.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/judge/process.h"
#include "tests/judge/world.h"

namespace containerizer::judge {

// A rule is broken. Both texts are for the author of the containerizer.
struct Fault {
  std::string expected;
  std::string seen;
};

// The case cannot be played here, for this reason.
struct Skipped {
  std::string reason;
};

// A step of a case.
struct Event {
  double at = 0;    // seconds since the start of the case
  double took = 0;  // seconds
  std::string what;
  std::string detail;  // lines: frames as text, errors
};

struct Setting {
  std::string containerizer;  // a shell command line
  fs::path stand_ins;         // the directory of slave-player and the stand-ins
  fs::path scratch;           // a directory of this run
  Seconds limit{};            // for each call, and for whatever should happen soon
  // What the daemon has before the case, if that is known; see daemon_things().
  std::optional<std::set<std::string>> before;
};

// Images that the judge makes from busybox.
inline const std::string plain_image = "judge-plain:1";
inline const std::string other_image = "judge-other:1";        // has WHICH=other
inline const std::string entry_image = "judge-entry:1";        // has an entrypoint, a command
inline const std::string settings_image = "judge-settings:1";  // has variables, a directory, a user

class Slave;

class Stage {
 public:
  explicit Stage(Setting setting);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const Setting& setting() const { return setting_; }
  Seconds limit() const { return setting_.limit; }
  Host& host() { return host_; }
  const fs::path& scratch() const { return scratch_; }
  const std::vector<Event>& events() const { return events_; }
  // In the environment or command line of all tasks of this case.
  const std::string& mark() const { return mark_; }

  // A slave of the release, with a work directory of its own. It lives as long as the stage.
  Slave& new_slave(const std::string& release = "1.0.4");
  // The directory of the stand-ins of mesos-executor and mesos-fetcher.
  fs::path launcher(const std::string& release) const;

  void note(const std::string& what, const std::string& detail = "", Seconds took = {});
  // Runs a command of a shell, with a note.
  std::string command(const std::string& line);

  void expect(bool is_true, const std::string& expected, const std::string& seen) const;
  // Polls until the condition is true. `seen` describes what is instead.
  void eventually(const std::string& expected, const std::function<bool()>& condition,
                  const std::function<std::string()>& seen = {});

  // Ends what the slaves still have, as slaves do, and looks for what is left.
  void conclude();
  // Removes by force what did not exist before the case.
  void clean();
  std::string tree() const;
  // What the daemon has now and did not have before the case; see daemon_things().
  std::set<std::string> new_things();
  // IDs of the daemon's new containers.
  std::vector<std::string> new_containers();

 private:
  double now() const;
  std::string left();

  const Setting setting_;
  const Clock::time_point start_ = Clock::now();
  Host host_;
  fs::path scratch_;
  std::string mark_;
  std::set<std::string> before_;
  std::vector<std::unique_ptr<Slave>> slaves_;
  std::vector<Event> events_;
};

// Fails unless both are equal.
template <class T>
void expect_equal(Stage& stage, const std::string& what, const T& expected, const T& seen);

}  // namespace containerizer::judge
