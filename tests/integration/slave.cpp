#include "tests/integration/slave.h"

#include <catch2/catch.hpp>
#include <regex>

namespace containerizer::integration {
namespace {

std::vector<std::string> command_line(const WorkDirectory& place, const std::string& mesos,
                                      const Slave::Flags& flags) {
  std::vector<std::string> words{
      slave_binaries() + "/slave-player", "--containerizer_path=" + program(),
      "--work_dir=" + place.path().string(), "--launcher_dir=" + place.launcher(mesos).string(),
      "--mesos=" + mesos};
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

Slave::Slave(const WorkDirectory& place, const std::string& mesos, const Flags& flags)
    : player_(command_line(place, mesos, flags), place.variables()) {
  expect("ready .*");
}

void Slave::say(const std::string& command) { player_.send(command + "\n"); }

Task Slave::launch(const std::string& name, const std::string& words, const std::string& command) {
  say(command + " " + name + " " + words);
  const auto found = expect("launching " + name + " container_id=(\\S+) sandbox=(\\S+)");
  return {name, found[0], found[1]};
}

Task Slave::run(const std::string& name, const std::string& script, const std::string& words) {
  return launch(name, "image=busybox:test command=" + quoted(script) + " " + words);
}

std::string Slave::all_output() const {
  return player_.out() + (player_.err().empty() ? "" : "--- stderr\n" + player_.err());
}

std::vector<std::string> Slave::expect(const std::string& pattern) {
  const std::regex regex(pattern);
  const auto deadline = deadline_in(bound);
  for (;;) {
    events_.add(player_.out());
    if (auto groups = events_.take(regex)) return *groups;
    const bool hopeless = has_seen("(expectation-failed|slave-aborted|recovery-failed) .*");
    if (hopeless || player_.ended() || time_left(deadline) == Duration::zero()) {
      FAIL("the slave did not print: " << pattern << "\n--- it printed\n" << all_output());
    }
    player_.pump(deadline);
  }
}

bool Slave::has_seen(const std::string& pattern) const { return events_.has(std::regex(pattern)); }

std::string Slave::expect_status(const Task& task, const std::string& state) {
  return expect("status " + task.name + " " + state + " .*message=\"(.*)\"")[0];
}

std::string Slave::expect_termination(const Task& task) {
  return expect("termination " + task.name + " (.*)")[0];
}

}  // namespace containerizer::integration
