// The fixtures are trees of /proc and /sys. Files that must not be read contain 99999.
#include "host/cgroup.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace containerizer {
namespace {

const std::string v1 = SOURCE_DIR "/tests/fixtures/cgroup-v1";
const std::string v2 = SOURCE_DIR "/tests/fixtures/cgroup-v2";

// The two trees describe the same container.
CgroupUsage usage_of(pid_t pid, const std::string& root) {
  const auto usage = read_usage(pid, root);
  INFO((usage.ok() ? "" : usage.failure().text));
  REQUIRE(usage.ok());
  return usage.value();
}

TEST_CASE("usage: the container's numbers under both versions of cgroups") {
  const auto [root, pid] = GENERATE(std::pair(v1, 100), std::pair(v2, 200));
  CAPTURE(root);
  const auto usage = usage_of(pid, root);
  CHECK(usage.cpu_user_ns == 12'340'000'000U);
  CHECK(usage.cpu_system_ns == 5'670'000'000U);
  CHECK(usage.cpu_periods == 81U);
  CHECK(usage.cpu_throttled == 27U);
  CHECK(usage.cpu_throttled_ns == 1'500'000'000U);
  CHECK(usage.mem_rss == 8192000U);
  CHECK(usage.mem_file == 4096000U);
  CHECK(usage.mem_mapped_file == 1024000U);
  CHECK(usage.mem_swap == 20480U);
  CHECK(usage.mem_unevictable == 40960U);
  CHECK(usage.mem_total == 12500000U);
  CHECK(usage.mem_total_memsw == 12520480U);
  CHECK(usage.processes == 3U);
  CHECK(usage.threads == 7U);
}

TEST_CASE("usage: a limit that is not set is absent") {
  const auto limited = usage_of(100, v1);
  CHECK(limited.cpu_shares == 512U);
  CHECK(limited.mem_limit == 67108864U);
  CHECK_FALSE(limited.mem_soft_limit);
  const auto reserved = usage_of(200, v2);
  CHECK_FALSE(reserved.cpu_shares);
  CHECK_FALSE(reserved.mem_limit);
  CHECK(reserved.mem_soft_limit == 33554432U);
  CHECK_FALSE(usage_of(201, v2).mem_soft_limit);
}

TEST_CASE("usage: traffic is the sum over all interfaces except loopback") {
  const auto [root, pid] = GENERATE(std::pair(v1, 100), std::pair(v2, 200));
  const auto usage = usage_of(pid, root);
  CHECK(usage.net_rx_bytes == 201000U);
  CHECK(usage.net_rx_packets == 410U);
  CHECK(usage.net_rx_errors == 17U);
  CHECK(usage.net_rx_dropped == 34U);
  CHECK(usage.net_tx_bytes == 503000U);
  CHECK(usage.net_tx_packets == 630U);
  CHECK(usage.net_tx_errors == 67U);
  CHECK(usage.net_tx_dropped == 132U);
}

TEST_CASE("usage: a container in the host's network reports no traffic") {
  const auto usage = usage_of(101, v1);
  CHECK(usage.mem_rss == 8192000U);
  CHECK_FALSE(usage.net_rx_bytes);
  CHECK_FALSE(usage.net_tx_bytes);
}

TEST_CASE("usage: never the numbers of the host, of ourselves, or of an exited process") {
  struct Row {
    const char* what;
    std::string root;
    pid_t pid;
  };
  const auto row = GENERATE(values<Row>({
      {"v1: no such process", v1, 99},
      {"v1: cgroup removed", v1, 102},
      {"v1: exiting, back in the root cgroup", v1, 103},
      {"v1: in our own cgroup", v1, 104},
      {"v2: no such process", v2, 99},
      {"v2: cgroup removed", v2, 202},
      {"v2: in the root cgroup", v2, 203},
      {"v2: in our own cgroup", v2, 204},
  }));
  CAPTURE(row.what);
  const auto usage = read_usage(row.pid, row.root);
  CHECK(usage.failed_with(Fault::not_found));
}

TEST_CASE("usage: the mount of cgroups is found anywhere in a long list") {
  constexpr std::size_t twice_the_buffer = 2 * 16384;
  const auto tree =
      std::filesystem::temp_directory_path() / ("cgroup-test-" + std::to_string(::getpid()));
  std::filesystem::copy(
      v2, tree,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  const auto mounts = tree / "proc/self/mountinfo";
  std::stringstream theirs;
  theirs << std::ifstream(mounts).rdbuf();
  for (std::size_t before = 0; before <= theirs.str().size(); ++before) {
    CAPTURE(before);
    std::ofstream(mounts) << std::string(twice_the_buffer - before, 'l') << '\n' << theirs.str();
    CHECK(read_usage(200, tree).ok());
  }
  std::filesystem::remove_all(tree);
}

TEST_CASE("usage: a container whose first process is in a cgroup below is counted as a whole") {
  namespace fs = std::filesystem;
  const auto tree = fs::temp_directory_path() / ("cgroup-whole-" + std::to_string(::getpid()));
  fs::copy(v2, tree, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  std::string line;
  std::getline(std::ifstream(tree / "proc/200/cgroup") >> std::ws, line);
  const auto below = tree / ("sys/fs/cgroup" + line.substr(3)) / "init.scope";
  fs::create_directories(below);
  std::ofstream(below / "cgroup.procs") << "1\n2\n";
  std::ofstream(below / "memory.current") << "99999\n";
  std::ofstream(tree / "proc/200/cgroup") << line << "/init.scope\n";
  const auto usage = usage_of(200, tree);
  CHECK(usage.mem_total == 12500000U);
  CHECK(usage.processes == 5U);
  fs::remove_all(tree);
}

TEST_CASE("usage: the file with the peak of memory") {
  std::ifstream older(memory_peak_file(100, v1));
  std::ifstream newer(memory_peak_file(200, v2));
  std::uint64_t peak = 0;
  CHECK((older >> peak && peak == 60'000'000));
  CHECK((newer >> peak && peak == 60'000'000));
  CHECK(memory_peak_file(201, v2).empty());  // an older kernel
  CHECK(memory_peak_file(103, v1).empty());
  CHECK(memory_peak_file(1, "/nonexistent").empty());
}

TEST_CASE("usage: a tree without /proc is unknown or gone, not a crash") {
  CHECK_FALSE(read_usage(1, "/nonexistent").ok());
}

TEST_CASE("usage: the test itself is not in a container's cgroup") {
  CHECK(read_usage(::getpid()).failed_with(Fault::not_found));
}

TEST_CASE("limits are set in the cgroup of a container") {
  namespace fs = std::filesystem;
  const std::string id = "5b1c7a3f0d2e4f6891a0b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f701";
  const auto tree = fs::temp_directory_path() / ("limits-test-" + std::to_string(::getpid()));
  struct Row {
    std::string root;
    pid_t pid;
    std::string directory;
    std::vector<std::pair<std::string, std::string>> files;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {v1,
       100,
       "",
       {{"cpu,cpuacct/docker/" + id + "/cpu.shares", "2048"},
        {"cpu,cpuacct/docker/" + id + "/cpu.cfs_quota_us", "150000"},
        {"cpu,cpuacct/docker/" + id + "/cpu.cfs_period_us", "100000"},
        {"memory/docker/" + id + "/memory.memsw.limit_in_bytes", "268435456"},
        {"memory/docker/" + id + "/memory.limit_in_bytes", "134217728"},
        {"memory/docker/" + id + "/memory.soft_limit_in_bytes", "67108864"}}},
      {v2,
       200,
       "",
       {{"system.slice/docker-" + id + ".scope/cpu.weight", "79"},
        {"system.slice/docker-" + id + ".scope/cpu.max", "150000 100000"},
        {"system.slice/docker-" + id + ".scope/memory.swap.max", "134217728"},
        {"system.slice/docker-" + id + ".scope/memory.max", "134217728"},
        {"system.slice/docker-" + id + ".scope/memory.low", "67108864"}}},
  }));
  CAPTURE(row.root);
  fs::copy(row.root, tree, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  const auto place = tree / "sys/fs/cgroup";
  for (const auto& [file, value] : row.files) {
    fs::create_directories((place / file).parent_path());
    std::ofstream(place / file, std::ios::trunc).flush();
  }
  CgroupLimits limits{2048, 150000, 100000, 128 << 20, 256 << 20, 64 << 20};
  const auto changed = change_limits(row.pid, id, limits, tree);
  INFO((changed.ok() ? "" : changed.failure().text));
  CHECK(changed.ok());
  for (const auto& [file, value] : row.files) {
    CAPTURE(file);
    std::stringstream content;
    content << std::ifstream(place / file).rdbuf();
    CHECK(content.str() == value);
  }
  CHECK(change_limits(99, id, limits, tree).failed_with(Fault::not_found));
  fs::remove_all(tree);
}

}  // namespace
}  // namespace containerizer
