#include "tests/slave/killtree.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace containerizer::player {
namespace {

struct Process {
  pid_t pid;
  pid_t parent;
  pid_t group;
  pid_t session;
};

std::vector<Process> processes() {
  std::vector<Process> all;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); })) {
      continue;
    }
    std::ifstream file(entry.path() / "stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    // The program's name in parentheses can contain any character.
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    char state = 0;
    Process process{};
    if (fields >> state >> process.parent >> process.group >> process.session) {
      process.pid = std::stoi(name);
      all.push_back(process);
    }
  }
  return all;
}

// The processes found so far, and the groups and sessions to search.
struct Reached {
  std::set<pid_t> pids;
  std::set<pid_t> groups;
  std::set<pid_t> sessions;

  bool leads_to(const Process& process) const {
    return pids.contains(process.pid) || pids.contains(process.parent) ||
           groups.contains(process.group) || sessions.contains(process.session);
  }
};

}  // namespace

void killtree(pid_t root, int signal, bool even_if_gone) {
  const pid_t self = getpid();
  const pid_t own_group = getpgrp();
  const pid_t own_session = getsid(0);
  std::set<pid_t> stopped;
  Reached reached{{root}, {}, {}};
  if (even_if_gone) {
    reached.groups.insert(root);
    reached.sessions.insert(root);
  }
  // The search is repeated: a child that a process forked before it was stopped appears in the next
  // round.
  for (bool grown = true; grown;) {
    grown = false;
    for (const Process& process : processes()) {
      if (process.pid == self || stopped.contains(process.pid) || !reached.leads_to(process)) {
        continue;
      }
      kill(process.pid, SIGSTOP);
      stopped.insert(process.pid);
      reached.pids.insert(process.pid);
      if (process.group != own_group) reached.groups.insert(process.group);
      if (process.session != own_session) reached.sessions.insert(process.session);
      grown = true;
    }
  }
  for (const pid_t pid : stopped) kill(pid, signal);
  for (const pid_t pid : stopped) kill(pid, SIGCONT);
}

}  // namespace containerizer::player
