#include "tests/judge/stage.h"

#include <unistd.h>

#include <cmath>
#include <csignal>
#include <thread>

#include "tests/judge/slave.h"
#include "tests/slave/uuid.h"

namespace containerizer::judge {

namespace {

constexpr Seconds look_again{0.02};
constexpr Seconds between_looks{0.3};
constexpr int most_looks = 20;

fs::path make_directory(const fs::path& where) {
  std::string name = where / "case-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
  fs::permissions(name, fs::perms(0755));
  return name;
}

}  // namespace

Stage::Stage(Setting setting)
    : setting_(std::move(setting)),
      scratch_(make_directory(setting_.scratch)),
      mark_("judge-" + player::make_uuid()),
      before_(setting_.before ? *setting_.before : daemon_things(host_)) {}

Stage::~Stage() = default;

double Stage::now() const { return Seconds(Clock::now() - start_).count(); }

Slave& Stage::new_slave(const std::string& release) {
  const auto directory = scratch_ / ("slave-" + std::to_string(slaves_.size() + 1));
  fs::create_directory(directory);
  slaves_.push_back(std::make_unique<Slave>(*this, release, directory));
  return *slaves_.back();
}

// Copies: a stand-in looks for its release beside itself.
fs::path Stage::launcher(const std::string& release) const {
  auto directory = setting_.scratch / ("launcher-" + release);
  if (fs::exists(directory / "mesos-version")) return directory;
  fs::create_directories(directory);
  for (const char* name : {"executor", "fetcher"}) {
    fs::copy_file(setting_.stand_ins / (std::string("stand-in-mesos-") + name),
                  directory / (std::string("mesos-") + name), fs::copy_options::overwrite_existing);
  }
  write_file(directory / "mesos-version", release);
  return directory;
}

void Stage::note(const std::string& what, const std::string& detail, Seconds took) {
  events_.push_back({now() - took.count(), took.count(), what, detail});
}

std::string Stage::command(const std::string& line) {
  const auto begun = Clock::now();
  auto out = host_.run(line);
  note(line, out, Clock::now() - begun);
  return out;
}

void Stage::expect(bool is_true, const std::string& expected, const std::string& seen) const {
  if (!is_true) throw Fault{expected, seen};
}

void Stage::eventually(const std::string& expected, const std::function<bool()>& condition,
                       const std::function<std::string()>& seen) {
  const auto begun = Clock::now();
  while (!condition()) {
    if (Clock::now() - begun > setting_.limit) {
      throw Fault{expected, (seen ? seen() + ", " : "it is not so ") + "after " +
                                std::to_string(std::lround(setting_.limit.count())) + " s"};
    }
    std::this_thread::sleep_for(look_again);
  }
  note("seen: " + expected, "", Clock::now() - begun);
}

std::set<std::string> Stage::new_things() {
  std::set<std::string> found;
  for (const auto& thing : daemon_things(host_)) {
    if (!before_.contains(thing)) found.insert(thing);
  }
  return found;
}

std::vector<std::string> Stage::new_containers() {
  std::vector<std::string> ids;
  for (const auto& thing : new_things()) {
    if (thing.starts_with("container ")) ids.push_back(thing.substr(thing.find(' ') + 1));
  }
  return ids;
}

// In this order: a living process may still create a container.
std::string Stage::left() {
  const auto processes = descendants(::getpid());
  if (!processes.empty()) {
    std::string text = "the containerizer leaves " + std::to_string(processes.size()) +
                       " processes on the host behind:";
    for (const auto& one : processes) {
      text += " " + std::to_string(one.pid) + " (" + shortened(one.command, 100) + ")";
    }
    return text;
  }
  std::string text;
  for (const auto& thing : new_things()) text += (text.empty() ? "left: " : ", ") + thing;
  for (const auto& point : mounts_below(scratch_)) text += ", mount " + point;
  return text;
}

void Stage::conclude() {
  for (const auto& slave : slaves_) {
    for (auto& task : slave->tasks()) {
      if (!task.over) slave->destroy(task);
    }
  }
  std::string found;
  eventually(
      "nothing is left of the case", [&] { return (found = left()).empty(); },
      [&] { return found; });
}

void Stage::clean() {
  // The daemon may still work on what a killed process has asked for.
  for (int looks = 0, clean_looks = 0; looks < most_looks && clean_looks < 2; ++looks) {
    clean_looks = left().empty() ? clean_looks + 1 : 0;
    for (const auto& process : descendants(::getpid())) ::kill(process.pid, SIGKILL);
    if (clean_looks == 0) remove_things(host_, new_things());
    std::this_thread::sleep_for(between_looks);
  }
  for (const auto& point : mounts_below(scratch_))
    host_.run("umount -l " + shell_quoted(point) + " || :");
}

std::string Stage::tree() const { return process_tree(::getpid(), mark_); }

}  // namespace containerizer::judge
