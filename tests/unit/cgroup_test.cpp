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

TEST_CASE("usage: a tree without /proc is unknown or gone, not a crash") {
  CHECK_FALSE(read_usage(1, "/nonexistent").ok());
}

TEST_CASE("usage: the test itself is not in a container's cgroup") {
  CHECK(read_usage(::getpid()).failed_with(Fault::not_found));
}

}  // namespace
}  // namespace containerizer
