// Output, whatever the daemon does with its log: rotates it, keeps none, or dies.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>
#include <set>
#include <sstream>

#include "tests/integration/daemon.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;

namespace {

constexpr const char* report = "missing";

int number(const char* variable, int otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted == nullptr ? otherwise : std::atoi(wanted);
}

// OUTPUT_LINES=500000 makes bursts of 45 MB.
int burst_lines() { return number("OUTPUT_LINES", 50'000); }

const std::string padding(84, '_');

// Numbered lines of 90 bytes, as fast as they can be written. "-w" makes their length equal.
std::string burst(int lines, const std::string& option = "") {
  return "seq " + option + " 1 " + std::to_string(lines) + " | sed s/$/" + padding + "/";
}

// The numbers of the lines that are numbered.
std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find('_') != std::string::npos) numbers.push_back(std::atoi(line.c_str()));
  }
  return numbers;
}

// The numbers of the whole lines of a burst "-w" up to `last`. A line that a death has cut may
// stand before one.
std::vector<int> whole_numbers_in(const std::string& text, int last) {
  const auto digits = std::to_string(last).size();
  const auto length = digits + padding.size();
  std::vector<int> numbers;
  for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    if (at < length || text.compare(at - padding.size(), padding.size(), padding) != 0) continue;
    const auto number = text.substr(at - length, digits);
    if (number.find('_') == number.npos) numbers.push_back(std::atoi(number.c_str()));
  }
  return numbers;
}

struct Tally {
  int lost = 0;
  int doubled = 0;  // or out of order
  int gaps = 0;
};

Tally tally(const std::vector<int>& numbers, int last) {
  Tally found;
  int before = 0;
  for (const int number : numbers) {
    if (number <= before) {
      ++found.doubled;
      continue;
    }
    found.lost += number - before - 1;
    found.gaps += number > before + 1 ? 1 : 0;
    before = number;
  }
  found.lost += last - before;
  found.gaps += last > before ? 1 : 0;
  return found;
}

// What was copied must be whole.
void check_whole(const Task& task, int lines) {
  const auto found = tally(numbers_in(read_file(task.sandbox / "stdout")), lines);
  CHECK(found.lost == 0);
  CHECK(found.doubled == 0);
  CHECK_THAT(read_file(task.sandbox / "stderr"), !Catch::Contains(report));
}

std::string launch_words(const std::string& script, const std::string& words = "") {
  return "image=busybox:test command='" + script + "' " + words;
}

Task run_to_its_end(Slave& slave, const std::string& script, const std::string& words = "") {
  const auto task = slave.launch("task", launch_words(script, words), "launch-custom");
  slave.expect_termination(task);
  return task;
}

struct LogConfig {
  std::string driver;
  std::vector<std::string> options;  // "name=value"

  // Of daemon.json.
  std::string members() const {
    std::string text;
    for (const auto& option : options) {
      const auto sign = option.find('=');
      text += (text.empty() ? "\"" : ", \"") + option.substr(0, sign) + "\": \"" +
              option.substr(sign + 1) + "\"";
    }
    return "\"log-driver\": \"" + driver + "\", \"log-opts\": {" + text + "}";
  }
  // Of a launch.
  std::string parameters() const {
    std::string text = "parameter=log-driver=" + driver;
    for (const auto& option : options) text += " parameter=log-opt=" + option;
    return text;
  }
};

const std::string small_log = "parameter=log-opt=max-size=20k parameter=log-opt=max-file=2";

std::size_t size_of(const fs::path& path) {
  std::error_code none;
  const auto size = fs::file_size(path, none);
  return none ? 0 : size;
}

// The first and last of each unbroken row of numbers.
std::vector<std::pair<int, int>> ranges_of(const std::set<int>& numbers) {
  std::vector<std::pair<int, int>> ranges;
  for (const int number : numbers) {
    if (ranges.empty() || number > ranges.back().second + 1) ranges.emplace_back(number, number);
    ranges.back().second = number;
  }
  return ranges;
}

}  // namespace

TEST_CASE("a burst, by each way in which a daemon can be configured", "[dockerd]") {
  // "max-size=10000000" for bursts of 45 MB, and a tenth of that.
  const auto size = "max-size=" + std::to_string(burst_lines() * 20);
  const auto tenth = "max-size=" + std::to_string(burst_lines() * 2);
  const auto log = GENERATE_COPY(
      LogConfig{"json-file", {}}, LogConfig{"json-file", {size, "max-file=3"}},
      LogConfig{"json-file", {size, "max-file=100"}},
      LogConfig{"json-file", {tenth, "max-file=2", "compress=true"}}, LogConfig{"local", {}},
      LogConfig{"none", {}},
      LogConfig{"syslog", {"syslog-address=udp://127.0.0.1:514", "cache-disabled=true"}});
  CAPTURE(log.driver, log.options);
  // The same by daemon.json and by the task's flags. The daemon's restarts take long, so a sample
  // of daemon.json is enough by default.
  const bool is_sample = log.options == std::vector<std::string>{size, "max-file=3"};
  std::optional<ConfiguredDaemon> configured;
  const bool is_by_daemon = is_sample || std::getenv("OUTPUT_LINES") != nullptr;
  if (is_by_daemon) configured.emplace(log.members());
  const WorkDirectory place;
  Slave slave(place);
  const auto words = is_by_daemon ? "" : log.parameters();
  check_whole(run_to_its_end(slave, burst(burst_lines()), words), burst_lines());
}

TEST_CASE("few lines a second, and a log that is rotated all the time", "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = run_to_its_end(
      slave, "i=1; while [ $i -le 200 ]; do echo ${i}_; i=$((i + 1)); sleep 0.05; done",
      "parameter=log-opt=max-size=1k parameter=log-opt=max-file=2");
  check_whole(task, 200);
}

TEST_CASE("a supervisor that dies after its container's log was rotated") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch(
      "task",
      launch_words("seq 1 3000 | sed s/$/____/; until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; "
                   "done; seq 3001 3100 | sed s/$/_/; sleep 1; seq 3101 3200 | sed s/$/_/",
                   small_log),
      "launch-custom");
  slave.expect("launched task .*");
  eventually("the first lines are there",
             [&] { return read_file(task.sandbox / "stdout").find("3000_") != std::string::npos; });
  place.kill_supervisor(task.id);
  write_file(task.sandbox / "go", "");
  slave.expect_termination(task);
  check_whole(task, 3200);
}

TEST_CASE("what a log has lost while nobody supervised is reported, and nothing else is lost") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch(
      "task",
      launch_words("cd $MESOS_SANDBOX; seq 1 100 | sed s/$/_/; until [ -e go ]; do sleep 0.05; "
                   "done; seq 101 20000 | sed s/$/_/; touch gone; until [ -e end ]; do sleep "
                   "0.05; done; seq 20001 20100 | sed s/$/_/",
                   small_log),
      "launch-custom");
  slave.expect("launched task .*");
  eventually("the first lines are there",
             [&] { return read_file(task.sandbox / "stdout").find("100_") != std::string::npos; });
  slave.die();
  place.kill_all();
  write_file(task.sandbox / "go", "");
  eventually("the burst is over", [&] { return fs::exists(task.sandbox / "gone"); });
  CHECK(place.call("recover").status == 0);
  write_file(task.sandbox / "end", "");
  place.await_state(task.id, "Gone");
  const auto numbers = numbers_in(read_file(task.sandbox / "stdout"));
  const auto found = tally(numbers, 20100);
  CHECK(found.doubled == 0);
  CHECK(found.gaps == 1);
  CHECK(std::count_if(numbers.begin(), numbers.end(), [](int n) { return n > 20000; }) == 100);
  CHECK_THAT(read_file(task.sandbox / "stderr"), Catch::Contains(report));
}

TEST_CASE("a supervisor that dies under a driver without a log goes on, and says what it missed",
          "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch(
      "task",
      launch_words("echo 1_; until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; echo 2_",
                   "parameter=log-driver=none"),
      "launch-custom");
  slave.expect("launched task .*");
  eventually("the first line is there", [&] { return size_of(task.sandbox / "stdout") > 0; });
  place.kill_supervisor(task.id);
  const auto told = [&] { return read_file(task.sandbox / "stderr"); };
  eventually("the gap is reported", [&] { return told().find(report) != std::string::npos; });
  write_file(task.sandbox / "go", "");
  slave.expect_termination(task);
  CHECK(read_file(task.sandbox / "stdout") == "1_\n2_\n");
  CHECK(told().find(report) == told().rfind(report));
  CHECK_THAT(told(), Catch::Contains("use the log driver json-file, local or journald"));
}

TEST_CASE("a log driver that cannot be reached fails the start at once", "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto begin = std::chrono::steady_clock::now();
  const auto task = slave.launch("task",
                                 launch_words("true",
                                              "parameter=log-driver=syslog "
                                              "parameter=log-opt=syslog-address=tcp://127.0.0.1:1"),
                                 "launch-custom");
  slave.expect_termination(task);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

// A small disk for the sandboxes alone, as long as the object lives.
class SmallDisk {
 public:
  explicit SmallDisk(const WorkDirectory& place) : path_(place.path() / "slaves") {
    fs::create_directories(path_);
    REQUIRE(run({"mount", "-t", "tmpfs", "-o", "size=4m", "none", path_}).status == 0);
  }
  ~SmallDisk() { run({"umount", "-l", path_}); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  void enlarge() const { REQUIRE(run({"mount", "-o", "remount,size=200m", path_}).status == 0); }

 private:
  fs::path path_;
};

TEST_CASE("a sandbox that is full does not block its task, and gets all once there is room") {
  const WorkDirectory place;
  const SmallDisk disk(place);
  const bool has_log = GENERATE(true, false);
  Slave slave(place);
  const auto shared = place.scratch() / "shared";
  fs::create_directory(shared);
  const auto task = slave.launch(
      "task",
      launch_words("cd /shared; " + burst(100'000) +
                       "; touch written; until [ -e end ]; do sleep 0.05; done; echo; echo 100001_",
                   "parameter=volume=" + shared.string() + ":/shared" +
                       (has_log ? "" : " parameter=log-driver=none")),
      "launch-custom");
  slave.expect("launched task .*");
  eventually("the task was not blocked", [&] { return fs::exists(shared / "written"); });
  disk.enlarge();
  const auto is_taken = [&] { return size_of(task.sandbox / "stdout") > 4'200'000; };
  if (has_log) eventually("the sandbox takes more", is_taken);
  if (!has_log) {
    eventually("the gap is reported", [&] {
      return read_file(task.sandbox / "stderr").find(report) != std::string::npos;
    });
  }
  write_file(shared / "end", "");
  slave.expect_termination(task);
  if (has_log) return check_whole(task, 100'001);
  const auto numbers = numbers_in(read_file(task.sandbox / "stdout"));
  CHECK(numbers.back() == 100'001);
  CHECK(tally(std::vector<int>(numbers.begin(), numbers.end() - 2), 100'001).doubled == 0);
  CHECK_THAT(read_file(task.sandbox / "stderr"), Catch::Contains("bytes of stdout"));
}

TEST_CASE("files of a sandbox are rotated by size") {
  WorkDirectory place;
  place.set("CONTAINERIZER_OUTPUT_SIZE", "1MB");
  place.set("CONTAINERIZER_OUTPUT_FILES", "3");
  Slave slave(place);
  const auto task = run_to_its_end(slave, burst(100'000));
  std::string all;
  for (const char* name : {"stdout.3", "stdout.2", "stdout.1", "stdout"}) {
    CHECK(size_of(task.sandbox / name) < 1'200'000);
    all += read_file(task.sandbox / name);
  }
  CHECK_FALSE(fs::exists(task.sandbox / "stdout.4"));
  const auto numbers = numbers_in(all);
  CHECK(numbers.back() == 100'000);
  CHECK(tally(std::vector<int>(numbers.begin() + 1, numbers.end()), 100'000).doubled == 0);
  CHECK(all.size() > 3'000'000);
}

// OUTPUT_STORMS says how many bursts. Supervisors and daemons die in turns.
TEST_CASE("supervisors and daemons that are killed in the middle of a burst", "[dockerd]") {
  std::mt19937 random(std::random_device{}());
  const ConfiguredDaemon configured(R"("log-opts": {"max-size": "10m", "max-file": "3"})");
  const int rounds = number("OUTPUT_STORMS", 2);
  const int lines = burst_lines();
  Tally sum;
  int whole = 0;
  for (int round = 0; round < rounds; ++round) {
    WorkDirectory place;
    place.set("CONTAINERIZER_REMOVE_DELAY", "1hrs");
    Slave slave(place);
    const bool lives_on = round % 4 < 2;
    const auto task =
        slave.launch("task",
                     launch_words(burst(lines, "-w") + "; cd $MESOS_SANDBOX; touch written" +
                                  (lives_on ? "; until [ -e end ]; do sleep 0.05; done" : "")),
                     "launch-custom");
    slave.expect("launched task .*");
    place.await_state(task.id, "Running");
    const auto moment = random() % (static_cast<std::size_t>(lines) * 85);
    eventually("the moment has come", [&] {
      return size_of(task.sandbox / "stdout") >= moment || fs::exists(task.sandbox / "written");
    });
    if (round % 2 == 0) {
      place.kill_supervisor(task.id);
    } else {
      const DeadDaemon dead;
    }
    const auto container = place.docker_containers().at(0);
    if (lives_on) {
      eventually("the burst is over", [&] { return fs::exists(task.sandbox / "written"); });
      docker({"logs", container});
      write_file(task.sandbox / "end", "");
    }
    slave.expect_termination(task);
    const auto in_log = whole_numbers_in(docker({"logs", container}), lines);
    docker({"rm", container});
    const std::set<int> kept(in_log.begin(), in_log.end());
    const auto numbers = whole_numbers_in(read_file(task.sandbox / "stdout"), lines);
    const auto found = tally(numbers, lines);
    const std::set<int> copied(numbers.begin(), numbers.end());
    const auto told = read_file(task.sandbox / "stderr");
    const auto text_of = [](const std::vector<std::pair<int, int>>& ranges) {
      std::string text;
      for (const auto& [first, last] : ranges) {
        text += " " + std::to_string(first) + "-" + std::to_string(last);
      }
      return text;
    };
    INFO("round " << round << ", " << found.lost << " lost in " << found.gaps
                  << " gaps; copied:" << text_of(ranges_of(copied))
                  << "; in the log:" << text_of(ranges_of(kept)) << "; " << told);
    CHECK(found.doubled == 0);
    CHECK(std::includes(copied.begin(), copied.end(), kept.begin(), kept.end()));
    if (found.lost > 0) CHECK_THAT(told, Catch::Contains(report));
    sum.lost += found.lost;
    sum.gaps += found.gaps;
    whole += found.lost == 0 ? 1 : 0;
  }
  if (sum.lost == 0 && rounds == 2) return;
  WARN(rounds << " bursts: " << whole << " whole, " << sum.lost << " lines lost in " << sum.gaps
              << " reported gaps");
}
