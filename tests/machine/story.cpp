#include "tests/machine/story.h"

#include <ostream>
#include <regex>
#include <sstream>

namespace containerizer::machine {

namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// The value of KEY=VALUE in the line, up to the next space. "": there is none.
std::string value_of(const std::string& line, const std::string& key) {
  const auto begin = line.find(" " + key + "=");
  if (begin == std::string::npos) return "";
  const auto value = begin + key.size() + 2;
  return line.substr(value, line.find(' ', value) - value);
}

// The two exit codes that a task has by its name: NAME-eEND-tTERM.
bool is_own_code(const std::string& name, const std::string& code) {
  static const std::regex pattern(".*-e(\\d+)-t(\\d+)");
  std::smatch match;
  return std::regex_match(name, match, pattern) && (code == match[1] || code == match[2]);
}

}  // namespace

void Story::break_promise(const std::string& what) {
  ++broken_;
  out_ << "LOST in boot " << boot_.number << ": " << what << std::endl;
}

Container* Story::find(const std::string& name) {
  const auto id = ids_.find(name);
  return id == ids_.end() ? nullptr : &containers_[id->second];
}

void Story::read(const std::string& line) {
  const auto words = words_of(line);
  if (words.empty()) return;
  if (words[0] == "boot" && words.size() > 2) begin_boot(words);
  if (words[0] == "checked") check();
  if (words.size() < 2) return;
  read_slave(words, line);
  read_task(words);
  read_check(words, line);
}

void Story::begin_boot(const std::vector<std::string>& words) {
  boot_ = Boot{};
  boot_.number = std::stoi(words[1]);
}

// The events of tests/slave/README.md.
void Story::read_slave(const std::vector<std::string>& words, const std::string& line) {
  const auto& event = words[0];
  const auto& name = words[1];
  if (event == "launching") {
    const auto id = value_of(line, "container_id");
    ids_[name] = id;
    containers_[id].name = name;
    containers_[id].boot = boot_.number;
  }
  if (event == "orphan") {
    boot_.ids.insert(name);
    boot_.listed = true;
  }
  if (event == "recovered") boot_.listed = true;
  const auto exit = value_of(line, "exit");  // none: the slave itself has refused
  if (event == "destroyed" && !exit.empty() && exit != "0") {
    break_promise("a destroy has failed: " + line);
  }
  if (event == "recovery-failed") break_promise(line);
  auto* container = find(name);
  if (container == nullptr) return;
  if (event == "launched") {
    container->acknowledged = true;
    ++acknowledged_;
  }
  if (event == "termination") {
    container->has_ended = true;
    const auto status = value_of(line, "status");
    // The slave invents the status of a container that it destroys; that event has no state.
    const bool is_real = !status.empty() && !value_of(line, "state").empty();
    if (is_real && std::stoi(status) >= 256) {
      container->told = std::to_string(std::stoi(status) / 256);
    }
  }
  if (event == "status") {
    static const std::regex pattern(".*exited with status (\\d+).*");
    std::smatch match;
    if (std::regex_match(line, match, pattern)) container->told = match[1];
  }
}

void Story::read_task(const std::vector<std::string>& words) {
  auto* container = find(words[1]);
  if (words[0] == "asks" && container != nullptr) container->asked_to_end = true;
  if (words[0] != "ran") return;
  if (container == nullptr) {
    break_promise("a task started that nobody has launched: " + words[1]);
  } else if (++container->runs > 1) {
    break_promise(words[1] + " started a second time");
  } else if (container->boot != boot_.number) {
    break_promise(words[1] + " of boot " + std::to_string(container->boot) + " started");
  }
}

void Story::read_check(const std::vector<std::string>& words, const std::string& line) {
  const auto& what = words[0];
  if (what == "integrity") {
    if (words.size() == 3 && words[2] == "ok") {
      ++boot_.integrity;
    } else {
      break_promise(line);
    }
  }
  if (what == "no") boot_.has_database = false;
  if (what == "state" && words.size() == 4) {
    const auto container = containers_.find(words[1]);
    const bool is_new =
        container != containers_.end() && container->second.boot == boot_.number - 1;
    if (is_new) ++states_[words[2]];
    if (words[3] == "1") boot_.delivered.insert(words[1]);
  }
  if (what == "listed") boot_.ids.insert(words[1]);
  if (what == "verb" && words.size() == 5) read_verb(words);
  if (what == "row") read_row(words, line);
  if (what == "left") break_promise(line);
  if (what == "foreign") read_foreign(words, line);
}

void Story::read_verb(const std::vector<std::string>& words) {
  const auto& verb = words[1];
  const auto& id = words[2];
  if (words[3] != "exit=0") break_promise("the verb failed: " + verb + " " + id + " " + words[3]);
  if (verb == "containers") boot_.listed = true;
  if (verb != "wait") return;
  const auto [first, is_first] = boot_.waits.emplace(id, words[4]);
  if (!is_first && first->second != words[4]) break_promise("two waits differ for " + id);
}

void Story::read_row(const std::vector<std::string>& words, const std::string& line) {
  if (words.size() < 3) return;
  boot_.row_states[words[1]] = words[2];
  boot_.rows[words[1]] = {value_of(line, "kind"), value_of(line, "exit"), value_of(line, "signal"),
                          value_of(line, "message")};
}

void Story::read_foreign(const std::vector<std::string>& words, const std::string& line) {
  boot_.foreign.insert(words[1]);
  const auto [known, is_new] = foreign_.emplace(words[1], line);
  if (is_new && boot_.number > 1) break_promise("a foreign container has come: " + line);
  if (!is_new && known->second != line) {
    break_promise("was: " + known->second + ", is: " + line);
  }
}

void Story::check() {
  if (boot_.number < 2) return;
  ++restarts_;
  if (boot_.integrity != (boot_.has_database ? 2 : 1)) {
    break_promise("the database was not checked before and after the recovery");
  }
  if (!boot_.listed) break_promise("the containers were not listed");
  for (const auto& [name, line] : foreign_) {
    if (boot_.foreign.count(name) == 0) break_promise("the foreign container " + name + " is gone");
  }
  for (auto& [id, container] : containers_) check(id, container);
}

void Story::check(const std::string& id, Container& container) {
  if (container.boot == boot_.number) return;
  const auto row = boot_.rows.find(id);
  if (row == boot_.rows.end()) {
    if (container.acknowledged)
      break_promise(container.name + " " + id + " was launched, and is not known");
    return;
  }
  if (must_be_listed(id, container) && boot_.ids.count(id) == 0) {
    break_promise(container.name + " " + id + " is not listed, and no slave has read its end");
  }
  if (boot_.row_states[id] != "Gone") {
    break_promise(container.name + " " + id + " is still " + boot_.row_states[id]);
    return;
  }
  check_ending(id, container, row->second);
}

bool Story::must_be_listed(const std::string& id, const Container& container) const {
  return container.acknowledged && container.boot == boot_.number - 1 && !container.has_ended &&
         !container.asked_to_end && boot_.delivered.count(id) == 0;
}

void Story::check_ending(const std::string& id, Container& container, const Ending& ending) {
  const auto title = container.name + " " + id;
  const auto shown = ending.kind + " exit=" + ending.exit + " signal=" + ending.signal;
  if (container.ending) {
    if (*container.ending != ending)
      break_promise(title + " ended in another way before: " + shown);
    return;
  }
  container.ending = ending;
  ++endings_[ending.kind];
  if (ending.kind.empty()) break_promise(title + " has ended, and nothing says how");
  if (!ending.exit.empty() && !is_own_code(container.name, ending.exit)) {
    break_promise(title + " cannot have ended so: " + shown);
  }
  // A kill can end mesos-executor before it has its task.
  const bool may_fail =
      container.name.find("-fails-") != std::string::npos || ending.why == "mesos-executor";
  if (ending.kind == "failed" && !may_fail) {
    break_promise(title + " could start, and has failed: " + ending.why);
  }
  if (container.told && *container.told != ending.exit && ending.kind != "failed") {
    break_promise(title + " was reported with exit code " + *container.told +
                  ", and now: " + shown);
  }
  if (!ending.exit.empty() && container.runs == 0) {
    break_promise(title + " has not run, and ended: " + shown);
  }
}

}  // namespace containerizer::machine
