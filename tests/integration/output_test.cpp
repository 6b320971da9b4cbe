// What a container writes, in the sandbox of its task: all of it, once, in order, and nowhere else.
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>

#include "tests/integration/slave.h"

using namespace containerizer::integration;

namespace {

std::string numbers(int first, int last, int step) {
  std::string text;
  for (int i = first; i <= last; i += step) text += std::to_string(i) + "\n";
  return text;
}

// Whole files are too long for a message: says where they part, and what the supervisors said.
void check_same(const std::string& seen, const std::string& wanted, const std::string& told = "") {
  const auto [here, there] = std::mismatch(seen.begin(), seen.end(), wanted.begin(), wanted.end());
  const auto at = static_cast<std::size_t>(here - seen.begin());
  const auto from = at - std::min<std::size_t>(at, 20);
  INFO(seen.size() << " bytes instead of " << wanted.size() << ", different from byte " << at
                   << ":\n"
                   << seen.substr(from, 60) << "\ninstead of\n"
                   << wanted.substr(from, 60) << "\n"
                   << told);
  CHECK((here == seen.end() && there == wanted.end()));
}

std::size_t size_of(const fs::path& path) {
  std::error_code none;
  const auto size = fs::file_size(path, none);
  return none ? 0 : size;
}

// Until the file is longer than it is now.
void await_growth(const fs::path& path) {
  const auto now = size_of(path);
  eventually(path.string() + " grows", [&] { return size_of(path) > now; });
}

// Odd numbers to stdout, even ones to stderr, in bursts. Slowly until let_writer_finish().
const char* const writer =
    "i=1; while [ $i -le 30000 ]; do echo $i; echo $((i + 1)) >&2; i=$((i + 2)); "
    "[ $((i % 300)) != 1 ] || [ -e $MESOS_SANDBOX/go ] || sleep 0.6; done";

void let_writer_finish(const Task& task) { write_file(task.sandbox / "go", ""); }

}  // namespace

TEST_CASE("output of a command task beside the words of its executor") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "echo out; echo problem >&2", "user=nobody");
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"), Catch::Contains("out\n"));
  CHECK_THAT(read_file(task.sandbox / "stderr"), Catch::Contains("problem\n"));
  for (const char* file : {"stdout", "stderr"}) {
    CHECK(output_of({"stat", "-c", "%U", task.sandbox / file}) == "nobody");
  }
}

TEST_CASE("output while supervisors die") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch("task", std::string("image=busybox:test command='") + writer + "'",
                                 "launch-custom");
  slave.expect("launched task .*");
  for (int i = 0; i < 6; ++i) {
    await_growth(task.sandbox / "stdout");
    place.kill_supervisor(task.id);
  }
  REQUIRE(place.state_of(task.id) == "Running");
  let_writer_finish(task);
  slave.expect_termination(task);
  const auto errors = read_file(task.sandbox / "stderr");
  std::string written;
  std::string told;
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);) {
    // The program's own words go there, too.
    const bool is_told = line.find(' ') != std::string::npos;
    (is_told ? told : written) += line + "\n";
  }
  check_same(read_file(task.sandbox / "stdout"), numbers(1, 30000, 2), told);
  check_same(written, numbers(2, 30000, 2), told);
}

TEST_CASE("output of a command task while supervisors die") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", writer);
  slave.expect_status(task, "TASK_RUNNING");
  for (int i = 0; i < 3; ++i) {
    await_growth(task.sandbox / "stdout");
    place.kill_supervisor(task.id);
  }
  let_writer_finish(task);
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  std::string written;
  std::istringstream lines(read_file(task.sandbox / "stdout"));
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("0123456789") == std::string::npos) written += line + "\n";
  }
  check_same(written, numbers(1, 30000, 2));
}

TEST_CASE("long lines, and a last one without an end") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch(
      "task",
      "image=busybox:test command='for c in a b c; do head -c 102400 /dev/zero | tr \"\\\\0\" $c; "
      "echo; done; printf end'",
      "launch-custom");
  slave.expect_termination(task);
  std::string wanted;
  for (const char c : {'a', 'b', 'c'}) wanted += std::string(102400, c) + "\n";
  check_same(read_file(task.sandbox / "stdout"), wanted + "end");
}

TEST_CASE("any byte, with a terminal and without") {
  const WorkDirectory place;
  Slave slave(place);
  const auto terminal = GENERATE(as<std::string>(), "", " parameter=tty=true");
  const auto task = slave.launch("task",
                                 "image=busybox:test command='stty -opost 2>/dev/null; printf "
                                 "\"\\\\000\\\\n\\\\r\\\\001 ж \\\\377\\\\xfe 水\"'" +
                                     terminal,
                                 "launch-custom");
  slave.expect_termination(task);
  check_same(read_file(task.sandbox / "stdout"), std::string("\0\n\r\001 ж \377\xfe 水", 14));
}

TEST_CASE("much output right before the end") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch("task",
                                 "image=busybox:test command='until [ -e $MESOS_SANDBOX/go ]; do "
                                 "sleep 0.05; done; seq 1 30000'",
                                 "launch-custom");
  slave.expect("launched task .*");
  place.await_state(task.id, "Running");
  write_file(task.sandbox / "go", "");
  slave.expect_termination(task);
  check_same(read_file(task.sandbox / "stdout"), numbers(1, 30000, 1));
}

TEST_CASE("last output of a container that ends while nobody supervises it") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.launch("task",
                                 "image=busybox:test command='cd $MESOS_SANDBOX; echo first; "
                                 "until [ -e go ]; do sleep 0.05; done; echo last'",
                                 "launch-custom");
  slave.expect("launched task .*");
  place.await_state(task.id, "Running");
  slave.die();
  for (const auto pid : place.processes({"wait"})) ::kill(pid, SIGKILL);
  place.kill_supervisor(task.id);
  write_file(task.sandbox / "go", "");
  eventually("the container has ended", [&] {
    return docker({"ps", "-aq", "--filter", "status=exited", "--filter",
                   "label=docker-containerizer.container=" + task.id}) != "";
  });
  CHECK(place.call("recover").status == 0);
  place.await_state(task.id, "Gone");
  check_same(read_file(task.sandbox / "stdout"), "first\nlast\n");
}

TEST_CASE("stdout that the task has made a link to somebody else's file") {
  const WorkDirectory place;
  const auto precious = place.scratch() / "precious";
  write_file(precious, "untouched");
  Slave slave(place);
  const auto task =
      slave.launch("task",
                   "image=busybox:test command='cd $MESOS_SANDBOX; echo one; rm stdout; ln -s " +
                       precious.string() +
                       " stdout; echo two; until [ -e go ]; do sleep 0.05; done; echo three'",
                   "launch-custom");
  slave.expect("launched task .*");
  eventually("the link is there or replaced", [&] {
    const auto text = read_file(task.sandbox / "stdout");
    return text.find("two") != std::string::npos || text == "untouched";
  });
  place.kill_supervisor(task.id);
  write_file(task.sandbox / "go", "");
  slave.expect_termination(task);
  CHECK(read_file(precious) == "untouched");
  CHECK_FALSE(fs::is_symlink(task.sandbox / "stdout"));
  CHECK_THAT(read_file(task.sandbox / "stdout"), Catch::EndsWith("three\n"));
}
