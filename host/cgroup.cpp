#include "host/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "host/fd.h"

namespace containerizer {
namespace {

using Number = CgroupUsage::Number;
using Member = Number CgroupUsage::*;

enum Controller : std::size_t { cpu, cpuacct, memory, pids, controller_count };
constexpr std::array<std::string_view, controller_count> controller_names = {"cpu", "cpuacct",
                                                                             "memory", "pids"};

// Where the files of one controller are. No path: the process has no usable cgroup of it.
struct Place {
  std::string path;       // of the cgroup in the hierarchy, as in /proc/PID/cgroup
  std::string directory;  // of the cgroup in the file system, with a final slash
  bool unified = false;   // v2
};
using Places = std::array<Place, controller_count>;

constexpr std::uint64_t tick = 0;  // A placeholder for the clock tick, known only at run time.

// Which line of which file contains which number, and in which unit. No key: the file contains
// nothing but the number. Keep the rows of one file together, so that the file is read once.
struct Source {
  bool unified;
  Controller controller;
  const char* file;
  std::string_view key;
  Member member;
  std::uint64_t unit = 1;
};
constexpr Source sources[] = {
    {false, cpuacct, "cpuacct.stat", "user", &CgroupUsage::cpu_user_ns, tick},
    {false, cpuacct, "cpuacct.stat", "system", &CgroupUsage::cpu_system_ns, tick},
    {false, cpu, "cpu.stat", "nr_periods", &CgroupUsage::cpu_periods},
    {false, cpu, "cpu.stat", "nr_throttled", &CgroupUsage::cpu_throttled},
    {false, cpu, "cpu.stat", "throttled_time", &CgroupUsage::cpu_throttled_ns},
    {false, cpu, "cpu.shares", "", &CgroupUsage::cpu_shares},
    {false, memory, "memory.stat", "total_rss", &CgroupUsage::mem_rss},
    {false, memory, "memory.stat", "total_cache", &CgroupUsage::mem_file},
    {false, memory, "memory.stat", "total_mapped_file", &CgroupUsage::mem_mapped_file},
    {false, memory, "memory.stat", "total_swap", &CgroupUsage::mem_swap},
    {false, memory, "memory.stat", "total_unevictable", &CgroupUsage::mem_unevictable},
    {false, memory, "memory.usage_in_bytes", "", &CgroupUsage::mem_total},
    {false, memory, "memory.memsw.usage_in_bytes", "", &CgroupUsage::mem_total_memsw},
    {false, memory, "memory.limit_in_bytes", "", &CgroupUsage::mem_limit},
    {false, memory, "memory.soft_limit_in_bytes", "", &CgroupUsage::mem_soft_limit},
    {false, pids, "pids.current", "", &CgroupUsage::threads},

    {true, cpu, "cpu.stat", "user_usec", &CgroupUsage::cpu_user_ns, 1000},
    {true, cpu, "cpu.stat", "system_usec", &CgroupUsage::cpu_system_ns, 1000},
    {true, cpu, "cpu.stat", "nr_periods", &CgroupUsage::cpu_periods},
    {true, cpu, "cpu.stat", "nr_throttled", &CgroupUsage::cpu_throttled},
    {true, cpu, "cpu.stat", "throttled_usec", &CgroupUsage::cpu_throttled_ns, 1000},
    {true, memory, "memory.stat", "anon", &CgroupUsage::mem_rss},
    {true, memory, "memory.stat", "file", &CgroupUsage::mem_file},
    {true, memory, "memory.stat", "file_mapped", &CgroupUsage::mem_mapped_file},
    {true, memory, "memory.stat", "unevictable", &CgroupUsage::mem_unevictable},
    {true, memory, "memory.current", "", &CgroupUsage::mem_total},
    {true, memory, "memory.swap.current", "", &CgroupUsage::mem_swap},
    {true, memory, "memory.max", "", &CgroupUsage::mem_limit},
    {true, memory, "memory.low", "", &CgroupUsage::mem_soft_limit},
    {true, pids, "pids.current", "", &CgroupUsage::threads},
};

// The first four of the eight receive fields of a line of /proc/PID/net/dev. The eight transmit
// fields follow, in the same order.
constexpr std::array<Member, 4> received = {
    &CgroupUsage::net_rx_bytes, &CgroupUsage::net_rx_packets, &CgroupUsage::net_rx_errors,
    &CgroupUsage::net_rx_dropped};
constexpr std::array<Member, 4> sent = {&CgroupUsage::net_tx_bytes, &CgroupUsage::net_tx_packets,
                                        &CgroupUsage::net_tx_errors, &CgroupUsage::net_tx_dropped};
constexpr std::size_t net_fields_per_direction = 8;

// --- Text

// Removes the text up to and including the first `separator` from `rest`, and returns it without
// the separator.
std::string_view take(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto head = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return head;
}

std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return take(rest, ' ');
}

// Empty if the text does not start with a number: "max" means that there is no limit.
Number number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? Number(number) : std::nullopt;
}

bool lists(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    if (take(list, ',') == item) return true;
  }
  return false;
}

// Calls visit(line) for each line until it returns false. A line longer than the buffer is passed
// in pieces. Returns 0 on success, errno on failure.
template <class Visit>
int for_each_line(const std::string& path, Visit visit) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno;
  std::array<char, 16384> buffer;
  std::size_t kept = 0;
  while (true) {
    const ssize_t size = ::read(file.get(), buffer.data() + kept, buffer.size() - kept);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    std::string_view rest(buffer.data(), kept + static_cast<std::size_t>(size));
    const bool last = size == 0;
    while (!rest.empty() &&
           (last || rest.size() == buffer.size() || rest.find('\n') != rest.npos)) {
      if (!visit(take(rest, '\n'))) return 0;
    }
    if (last) return 0;
    kept = rest.size();
    std::memmove(buffer.data(), rest.data(), kept);
  }
}

// --- Where to read

Failure failure(const std::string& path, int error) {
  // ENOENT: the process had exited before the open. ESRCH: it exited between open and read.
  const bool gone = error == ENOENT || error == ESRCH;
  return {gone ? Fault::not_found : Fault::unavailable,
          "cannot read " + path + ": " + std::strerror(error)};
}

// The cgroups of a process ("self", or a PID). For a controller that no v1 hierarchy lists, it is
// the cgroup of v2.
Result<Places> cgroups_of(const std::string& process, const std::string& root) {
  Places places;
  const std::string file = root + "/proc/" + process + "/cgroup";
  const int error = for_each_line(file, [&](std::string_view line) {
    const bool unified = take(line, ':') == "0";
    const auto controllers = take(line, ':');
    for (std::size_t i = 0; i < controller_count; ++i) {
      const bool listed = lists(controllers, controller_names[i]);
      if (listed || (unified && places[i].path.empty())) {
        places[i] = {std::string(line), "", !listed};
      }
    }
    return true;
  });
  if (error != 0) return failure(file, error);
  return places;
}

bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Whether a component of a cgroup's path names a container: `ID`, `docker-ID.scope`, ….
bool names_container(std::string_view component) {
  constexpr int id_length = 64;
  int length = 0;
  for (const char c : component) {
    length = is_hexadecimal(c) ? length + 1 : 0;
    if (length == id_length) return true;
  }
  return false;
}

// The cgroup of the whole container. Its first process can be in a cgroup below it, if systemd or
// another daemon runs in the container. The path of `ours` can name a container that we run in.
std::string whole_container(const std::string& path, const std::string& ours) {
  std::size_t end = path.starts_with(ours + "/") ? ours.size() : 0;
  while (end < path.size()) {
    const auto begin = end + 1;
    end = std::min(path.find('/', begin), path.size());
    if (names_container(std::string_view(path).substr(begin, end - begin))) {
      return path.substr(0, end);
    }
  }
  return path;
}

// The cgroups of a process, without those that do not belong to the container alone: the root
// cgroup and our own.
Result<Places> container_cgroups(const std::string& process, const std::string& root) {
  auto theirs = cgroups_of(process, root);
  if (!theirs.ok()) return theirs;
  const auto ours = cgroups_of("self", root);
  if (!ours.ok()) return Failure{Fault::unavailable, ours.failure().text};
  bool any = false;
  for (std::size_t i = 0; i < controller_count; ++i) {
    auto& path = theirs.value()[i].path;
    const auto& our_path = ours.value()[i].path;
    if (path == "/" || path == our_path) path.clear();
    path = whole_container(path, our_path == "/" ? "" : our_path);
    any = any || !path.empty();
  }
  if (any) return theirs;
  return Failure{Fault::not_found, "process " + process + " is not in a container's cgroup"};
}

// Fills in the directories, from the mounts of the cgroup file systems. It stops as soon as it has
// all directories: the mounts of containers come later in the list, and there can be thousands.
Status find_directories(Places& places, const std::string& root) {
  const std::string file = root + "/proc/self/mountinfo";
  const int error = for_each_line(file, [&](std::string_view line) {
    // proc(5): mount ID, parent ID, device, then the path within the file system that is mounted.
    for (int skipped = 0; skipped < 3; ++skipped) take(line, ' ');
    std::string_view shown = take(line, ' ');
    const auto mount_point = take(line, ' ');
    const auto optional_fields = line.find(" - ");
    if (optional_fields == line.npos) return true;
    line.remove_prefix(optional_fields + 3);
    const auto type = take(line, ' ');
    const bool unified = type == "cgroup2";
    if (!unified && type != "cgroup") return true;
    take(line, ' ');
    if (shown == "/") shown = "";

    bool complete = true;
    for (std::size_t i = 0; i < controller_count; ++i) {
      auto& place = places[i];
      const bool here = place.unified == unified && place.path.starts_with(shown) &&
                        (unified || lists(line, controller_names[i]));
      if (here && place.directory.empty() && !place.path.empty()) {
        place.directory = root + std::string(mount_point) + place.path.substr(shown.size()) + "/";
      }
      complete = complete && (place.path.empty() || !place.directory.empty());
    }
    return !complete;
  });
  if (error != 0) return Failure{Fault::unavailable, failure(file, error).text};
  for (const auto& place : places) {
    if (!place.directory.empty()) return Done{};
  }
  return Failure{Fault::unavailable, "no cgroup file system is listed in " + file + "; mount one"};
}

// --- What to read

// Reads one file: the one of all sources from `first` up to, but not including, `last`. Returns
// false if it cannot be read.
bool read_sources(const Source* first, const Source* last, const Place& place, CgroupUsage& usage) {
  // v1 reports a missing limit as a huge number: the largest multiple of a page below 2^63.
  constexpr std::uint64_t no_limit = std::uint64_t{1} << 62;
  static const std::uint64_t tick_ns =
      1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return for_each_line(place.directory + first->file, [&](std::string_view line) {
           for (const Source* source = first; source != last; ++source) {
             auto rest = line;
             if (!source->key.empty() && take(rest, ' ') != source->key) continue;
             const auto number = number_in(rest);
             if (!number || *number >= no_limit) continue;
             usage.*source->member = *number * (source->unit == tick ? tick_ns : source->unit);
           }
           return true;
         }) == 0;
}

// Returns false if none of the files exists, which means that the cgroup has been removed.
bool read_cgroups(const Places& places, CgroupUsage& usage) {
  bool any = false;
  const Source* next = nullptr;
  for (const Source* first = std::begin(sources); first != std::end(sources); first = next) {
    next = first;
    while (next != std::end(sources) && std::strcmp(next->file, first->file) == 0 &&
           next->unified == first->unified) {
      ++next;
    }
    const Place& place = places[first->controller];
    if (place.directory.empty() || place.unified != first->unified) continue;
    any = read_sources(first, next, place, usage) || any;
  }

  // v2 has no file for the sum, and reports a missing soft limit as 0.
  if (!usage.mem_total_memsw && usage.mem_total && usage.mem_swap) {
    usage.mem_total_memsw = *usage.mem_total + *usage.mem_swap;
  }
  if (usage.mem_soft_limit == Number(0)) usage.mem_soft_limit.reset();
  return any;
}

// Adds the processes of a cgroup and of all below it. Returns false if the first cannot be read.
bool add_processes(const std::string& directory, std::uint64_t& count) {
  const int error = for_each_line(directory + "cgroup.procs", [&](std::string_view) {
    ++count;
    return true;
  });
  // The kernel counts a link for each directory, so most cgroups need not be listed.
  struct stat found {};
  constexpr nlink_t without_directories = 2;
  if (::stat(directory.c_str(), &found) == 0 && found.st_nlink != without_directories) {
    std::error_code gone;
    namespace fs = std::filesystem;
    for (fs::directory_iterator entry(directory, gone), end; !gone && entry != end;
         entry.increment(gone)) {
      std::error_code none;
      if (entry->is_directory(none)) add_processes(entry->path().string() + "/", count);
    }
  }
  return error == 0;
}

// All controllers list the same processes, so the first one with a directory is enough.
void count_processes(const Places& places, CgroupUsage& usage) {
  for (const auto& place : places) {
    if (place.directory.empty()) continue;
    std::uint64_t count = 0;
    if (add_processes(place.directory, count)) usage.processes = count;
    return;
  }
}

// The network namespace of a process, from the link /proc/PID/ns/net; "" if it cannot be read.
std::string network_of(const std::string& process, const std::string& root) {
  std::array<char, 64> name;
  const ssize_t size =
      ::readlink((root + "/proc/" + process + "/ns/net").c_str(), name.data(), name.size());
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : "";
}

void read_network(const std::string& process, const std::string& root, CgroupUsage& usage) {
  // Our network namespace is the host's.
  const auto theirs = network_of(process, root);
  if (theirs.empty() || theirs == network_of("self", root)) return;
  for_each_line(root + "/proc/" + process + "/net/dev", [&](std::string_view line) {
    if (line.find(':') == line.npos) return true;  // one of the two heading lines
    auto interface = take(line, ':');
    if (take_word(interface) == "lo") return true;
    const auto add = [&](Member member) {
      usage.*member = (usage.*member).value_or(0) + number_in(take_word(line)).value_or(0);
    };
    for (const auto member : received) add(member);
    for (auto i = received.size(); i < net_fields_per_direction; ++i) take_word(line);
    for (const auto member : sent) add(member);
    return true;
  });
}

// --- What to write

struct Write {
  Controller controller;
  const char* file;
  std::string value;
};

// In the kernel's order: of two limits that bound each other, the outer one rises first.
std::vector<Write> writes_of_v1(const CgroupLimits& limits) {
  std::vector<Write> writes;
  const auto add = [&](Controller controller, const char* file, const auto& number) {
    if (number) writes.push_back({controller, file, std::to_string(*number)});
  };
  add(cpu, "cpu.shares", limits.cpu_shares);
  add(cpu, "cpu.cfs_period_us", limits.cpu_period);
  add(cpu, "cpu.cfs_quota_us", limits.cpu_quota);
  add(memory, "memory.memsw.limit_in_bytes", limits.memory_and_swap);
  add(memory, "memory.limit_in_bytes", limits.memory);
  add(memory, "memory.soft_limit_in_bytes", limits.soft_memory);
  return writes;
}

std::vector<Write> writes_of_v2(const CgroupLimits& limits) {
  std::vector<Write> writes;
  // Shares from 2 to 262144 become weights from 1 to 10000, as OCI runtimes convert them.
  if (limits.cpu_shares) {
    const auto weight = 1 + (std::max<std::int64_t>(*limits.cpu_shares, 2) - 2) * 9999 / 262142;
    writes.push_back({cpu, "cpu.weight", std::to_string(weight)});
  }
  if (limits.cpu_quota && limits.cpu_period) {
    writes.push_back(
        {cpu, "cpu.max",
         std::to_string(*limits.cpu_quota) + " " + std::to_string(*limits.cpu_period)});
  }
  if (limits.memory) {
    const auto swap = limits.memory_and_swap.value_or(-1);
    writes.push_back(
        {memory, "memory.swap.max",
         swap < 0 ? "max" : std::to_string(std::max<std::int64_t>(0, swap - *limits.memory))});
    writes.push_back({memory, "memory.max", std::to_string(*limits.memory)});
  }
  if (limits.soft_memory) {
    writes.push_back({memory, "memory.low", std::to_string(*limits.soft_memory)});
  }
  return writes;
}

// A kernel without swap accounting has no file for swap, and needs none.
Status write_limit(const Place& place, const Write& write) {
  const auto path = place.directory + write.file;
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const bool is_optional = std::string_view(write.file).find("sw") != std::string_view::npos;
  if (!file.valid() && errno == ENOENT && is_optional) return Done{};
  if (file.valid() && ::write(file.get(), write.value.data(), write.value.size()) >= 0) {
    return Done{};
  }
  return Failure{Fault::refused,
                 "cannot write " + write.value + " to " + path + ": " + std::strerror(errno)};
}

// Some runtimes put a container's processes into a cgroup below its own.
void go_up_to(const std::string& name, Place& place) {
  const auto at = place.directory.rfind(name);
  if (name.empty() || at == std::string::npos) return;
  place.directory.resize(place.directory.find('/', at) + 1);
}

}  // namespace

bool has_cgroup_named(pid_t pid, const std::string& name) {
  bool found = false;
  for_each_line("/proc/" + std::to_string(pid) + "/cgroup", [&](std::string_view line) {
    found = line.find(name) != line.npos;
    return !found;
  });
  return found;
}

std::vector<ProcessId> processes_of_container(const std::string& docker_id) {
  constexpr std::size_t id_length = 64;
  std::vector<ProcessId> found;
  if (docker_id.size() != id_length) return found;
  for (const auto& process : other_processes()) {
    if (has_cgroup_named(process.pid, docker_id)) found.push_back(process);
  }
  return found;
}

Status change_limits(pid_t pid, const std::string& name, const CgroupLimits& limits,
                     const std::string& root) {
  auto places = container_cgroups(std::to_string(pid), root);
  if (!places.ok()) return places.failure();
  if (auto found = find_directories(places.value(), root); !found.ok()) return found;
  for (auto& place : places.value()) go_up_to(name, place);
  for (const bool unified : {false, true}) {
    for (const auto& write : unified ? writes_of_v2(limits) : writes_of_v1(limits)) {
      const auto& place = places.value()[write.controller];
      if (place.directory.empty() || place.unified != unified) continue;
      if (auto written = write_limit(place, write); !written.ok()) return written;
    }
  }
  return Done{};
}

std::string memory_peak_file(pid_t pid, const std::string& root) {
  auto places = container_cgroups(std::to_string(pid), root);
  if (!places.ok() || !find_directories(places.value(), root).ok()) return "";
  const Place& place = places.value()[memory];
  if (place.directory.empty()) return "";
  auto path = place.directory + (place.unified ? "memory.peak" : "memory.max_usage_in_bytes");
  return ::access(path.c_str(), R_OK) == 0 ? path : "";
}

Result<CgroupUsage> read_usage(pid_t pid, const std::string& root) {
  const std::string process = std::to_string(pid);
  auto places = container_cgroups(process, root);
  if (!places.ok()) return places.failure();
  if (auto found = find_directories(places.value(), root); !found.ok()) return found.failure();

  CgroupUsage usage;
  if (!read_cgroups(places.value(), usage)) {
    return Failure{Fault::not_found, "the cgroup of process " + process + " is gone"};
  }
  count_processes(places.value(), usage);
  read_network(process, root, usage);
  return usage;
}

}  // namespace containerizer
