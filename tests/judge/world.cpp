#include "tests/judge/world.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <system_error>

namespace containerizer::judge {

namespace {

constexpr double shares_per_cpu = 1024;

fs::path proc(pid_t pid, const char* file) {
  return fs::path("/proc") / std::to_string(pid) / file;
}

// Arguments and variables end with NUL.
std::string with_spaces(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string file_system_of(pid_t pid) {
  std::error_code gone;
  return fs::read_symlink(proc(pid, "ns/mnt"), gone);
}

std::optional<HostProcess> process_of(pid_t pid) {
  const auto stat = read_file(proc(pid, "stat"));
  const auto end = stat.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  HostProcess process{pid, 0, '?', with_spaces(read_file(proc(pid, "cmdline")))};
  std::istringstream(stat.substr(end + 1)) >> process.state >> process.parent;
  if (process.state == 'Z' || process.state == 'X') return std::nullopt;
  if (process.command.empty()) process.command = "[" + stat.substr(stat.find('(') + 1, 15) + "]";
  return process;
}

std::string line_of(const HostProcess& process, std::size_t depth) {
  return std::string(2 * depth, ' ') + std::to_string(process.pid) + " " + process.state + " " +
         shortened(process.command, 160) + "\n";
}

// The number after `key` in a file of words, or the first number.
std::optional<double> number_in(const fs::path& file, const std::string& key = "") {
  std::istringstream words(read_file(file));
  std::string word;
  while (words >> word && !key.empty() && word != key) continue;
  if (!key.empty()) words >> word;
  if (!words) return std::nullopt;
  if (word == "max") return HUGE_VAL;
  return std::strtod(word.c_str(), nullptr);
}

bool is_near(double one, double other, double relative) {
  return std::abs(one - other) <= relative * std::max(std::abs(one), std::abs(other)) + 1;
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  try {
    text.assign(std::istreambuf_iterator<char>(file), {});
  } catch (const std::ios_base::failure&) {
    return {};  // A process whose file this was has ended.
  }
  return text;
}

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string shortened(const std::string& text, std::size_t longest) {
  std::string line;
  for (const char c : text.substr(0, longest)) {
    if (c == '\n') {
      line += "\\n";
    } else if (std::isprint(static_cast<unsigned char>(c)) != 0) {
      line += c;
    } else {
      constexpr const char* digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      line += std::string("\\x") + digits[byte >> 4U] + digits[byte & 15U];
    }
  }
  if (text.size() > longest) line += "… (" + std::to_string(text.size()) + " bytes)";
  return line;
}

std::map<pid_t, HostProcess> host_processes() {
  std::map<pid_t, HostProcess> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/proc", none)) {
    const auto pid = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
    if (pid <= 0) continue;
    if (auto process = process_of(pid)) all.emplace(pid, std::move(*process));
  }
  return all;
}

std::vector<HostProcess> descendants(pid_t root) {
  const auto all = host_processes();
  std::vector<HostProcess> found;
  for (const auto& [pid, process] : all) {
    auto above = all.find(process.parent);
    while (above != all.end() && above->first != root) above = all.find(above->second.parent);
    if (above != all.end() || process.parent == root) found.push_back(process);
  }
  return found;
}

std::vector<HostProcess> contained_processes(const std::string& mark) {
  const auto ours = file_system_of(::getpid());
  std::vector<HostProcess> found;
  for (const auto& [pid, process] : host_processes()) {
    const bool marked = process.command.find(mark) != std::string::npos ||
                        read_file(proc(pid, "environ")).find(mark) != std::string::npos;
    if (!marked) continue;
    const auto theirs = file_system_of(pid);
    if (!theirs.empty() && theirs != ours) found.push_back(process);
  }
  return found;
}

std::string process_tree(pid_t root, const std::string& mark) {
  const auto below = descendants(root);
  std::string text = "below the slave:\n";
  const std::function<void(pid_t, std::size_t)> print = [&](pid_t parent, std::size_t depth) {
    for (const auto& process : below) {
      if (process.parent != parent) continue;
      text += line_of(process, depth);
      print(process.pid, depth + 1);
    }
  };
  print(root, 1);
  text += "in containers:\n";
  for (const auto& process : contained_processes(mark)) text += line_of(process, 1);
  return text;
}

std::string status_field(pid_t pid, const std::string& field) {
  for (const auto& line : lines_of(read_file(proc(pid, "status")))) {
    if (line.starts_with(field + ":"))
      return line.substr(line.find_first_not_of(": \t", field.size()));
  }
  return "";
}

// Lines of /proc/PID/cgroup are NUMBER:CONTROLLERS:PATH, without controllers for version 2.
Cgroup::Cgroup(pid_t pid) {
  for (const auto& line : lines_of(read_file(proc(pid, "cgroup")))) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const auto path = line.substr(second + 1);
    const auto is = [&](const char* controller) {
      return controllers.find(std::string(",") + controller + ",") != std::string::npos;
    };
    const fs::path top = "/sys/fs/cgroup";
    if (is("memory")) memory_ = top.string() + "/memory" + path;
    if (is("cpu")) cpu_ = top.string() + "/cpu" + path;
    if (is("cpuacct")) cpu_account_ = top.string() + "/cpuacct" + path;
    if (controllers == ",," && fs::exists(top / "cgroup.controllers")) {
      unified_ = true;
      memory_ = cpu_ = cpu_account_ = top.string() + path;
    }
  }
}

std::optional<double> Cgroup::memory_limit() const {
  return number_in(memory_ / (unified_ ? "memory.max" : "memory.limit_in_bytes"));
}

std::optional<double> Cgroup::memory_used() const {
  return number_in(memory_ / (unified_ ? "memory.current" : "memory.usage_in_bytes"));
}

std::optional<double> Cgroup::memory_resident() const {
  return number_in(memory_ / "memory.stat", unified_ ? "anon" : "total_rss");
}

std::optional<double> Cgroup::cpu_time() const {
  constexpr double micro = 1e-6, nano = 1e-9;
  const auto number = unified_ ? number_in(cpu_account_ / "cpu.stat", "usage_usec")
                               : number_in(cpu_account_ / "cpuacct.usage");
  if (!number) return std::nullopt;
  return *number * (unified_ ? micro : nano);
}

// Container runtimes have had two formulas from shares to weights.
bool Cgroup::has_cpus(double cpus) const {
  const double shares = std::max(2.0, shares_per_cpu * cpus);
  const auto number = number_in(cpu_ / (unified_ ? "cpu.weight" : "cpu.shares"));
  if (!number) return false;
  if (!unified_) return is_near(*number, shares, 0.01);
  const double linear = 1 + (shares - 2) * 9999 / 262142;
  const double bits = std::log2(shares);
  const double curved = std::pow(10, (bits * bits + 125 * bits) / 612.0 - 7.0 / 34.0);
  return is_near(*number, linear, 0.02) || is_near(*number, std::ceil(curved), 0.02);
}

std::string Cgroup::cpu_share() const {
  const char* file = unified_ ? "cpu.weight" : "cpu.shares";
  const auto number = number_in(cpu_ / file);
  return std::string(file) + " " + (number ? std::to_string(std::lround(*number)) : "unreadable");
}

std::set<std::string> daemon_things(Host& host) {
  const auto listed = host.run(
      "{ docker ps -aq --no-trunc | sed 's/^/container /'; } & "
      "{ docker volume ls -q | sed 's/^/volume /'; } & "
      "{ docker network ls --format '{{.Name}}' | sed 's/^/network /'; } & wait");
  const auto lines = lines_of(listed);
  return {lines.begin(), lines.end()};
}

void remove_things(Host& host, const std::set<std::string>& things) {
  for (const std::string kind : {"container", "volume", "network"}) {
    std::string words;
    for (const auto& thing : things) {
      if (thing.starts_with(kind + " ")) words.append(" ").append(thing.substr(kind.size() + 1));
    }
    if (words.empty()) continue;
    std::string command = "docker " + kind + " rm -f";
    if (kind == "container") command += " -v";
    host.run(command.append(words).append(" || true"));
  }
}

std::vector<std::string> mounts_below(const fs::path& directory) {
  std::vector<std::string> found;
  for (const auto& line : lines_of(read_file("/proc/self/mountinfo"))) {
    std::istringstream words(line);
    std::string ignored, point;
    words >> ignored >> ignored >> ignored >> ignored >> point;
    if (point.starts_with(directory.string() + "/")) found.push_back(point);
  }
  return found;
}

}  // namespace containerizer::judge
