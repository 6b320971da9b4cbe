// Verbs when the disk of the database fails, and when a log cannot be written.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

bool has_database_open(pid_t process) {
  std::error_code gone;
  const fs::directory_iterator all(fs::path("/proc") / std::to_string(process) / "fd", gone);
  return std::any_of(begin(all), end(all), [&](const auto& fd) {
    return fs::read_symlink(fd.path(), gone).string().find("state.db") != std::string::npos;
  });
}

// How often the processes have run so far: the kernel counts each time that it takes the CPU from
// one.
std::string runs_of(const std::vector<pid_t>& processes) {
  std::string all;
  for (const auto process : processes) {
    const auto status = read_file(fs::path("/proc") / std::to_string(process) / "status");
    const auto counts = status.find("voluntary_ctxt_switches");
    REQUIRE(counts != std::string::npos);
    all += status.substr(counts);
  }
  return all;
}

// A full FIFO that no process reads.
class FullPipe {
 public:
  explicit FullPipe(fs::path path) : path_(std::move(path)) {
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
    end_ = Fd(::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    const std::string page(4096, 'x');
    for (const auto size : {page.size(), std::size_t{1}}) {
      while (::write(end_.get(), page.data(), size) > 0) {
      }
    }
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  Fd end_;
};

template <class Message>
void check_frame_alone(const Ran& ran) {
  INFO(ran.err);
  CHECK(ran.status == exit_ok);
  CHECK(ran.out == frame_of(message_in<Message>(ran.out)));
}

void check_no_output(const Ran& ran) {
  INFO(ran.err);
  CHECK(ran.status == exit_ok);
  CHECK(ran.out.empty());
}

// Calls each verb that a slave calls, in the order of a container's life, and checks its output.
// `call` runs a verb with a message.
void check_every_verb(const WorkDirectory& place, const std::string& id,
                      const std::function<Ran(const std::string&, const std::string&)>& call) {
  const auto sandbox = place.scratch() / ("sandbox-" + id);
  fs::create_directory(sandbox);
  auto launch = custom_launch(place, id, until_go);
  launch.set_directory(sandbox);
  check_no_output(call("recover", ""));
  check_no_output(call("launch", frame_of(launch)));
  place.await_state(id, "Running");
  check_no_output(call("update", frame_of(update_of(id, 64))));
  check_frame_alone<mesos::ResourceStatistics>(call("usage", frame_for(id)));
  check_frame_alone<mesos::containerizer::Containers>(call("containers", ""));
  write_file(sandbox / "go", "");
  check_frame_alone<mesos::containerizer::Termination>(call("wait", frame_for(id)));
  check_no_output(call("destroy", frame_for(id)));
}

Ran launch_without_fsync(const WorkDirectory& place) {
  auto variables = place.variables();
  // The leak check of the sanitizer fails under a tracer.
  variables["ASAN_OPTIONS"] = "detect_leaks=0";
  return run({"strace", "-o", place.scratch() / "trace", "-e", "inject=fsync,fdatasync:error=EIO",
              program(), "launch"},
             variables, frame_of(custom_launch(place, "c1", "sleep 1000")));
}

}  // namespace

TEST_CASE("launch on a disk that cannot be synchronized", "[scenario-58]") {
  const WorkDirectory place;
  const bool is_first = GENERATE(true, false);
  CAPTURE(is_first);
  if (!is_first) REQUIRE(place.call("containers").status == exit_ok);
  const auto launched = launch_without_fsync(place);
  CHECK(launched.status == exit_failed);
  CHECK_THAT(launched.err, Contains("state.db"));
  CHECK(place.processes({"supervise"}).empty());
  CHECK(place.docker_containers().empty());
}

TEST_CASE("launch that could not be synchronized is not recorded", "[scenario-58]") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == exit_ok);
  REQUIRE(launch_without_fsync(place).status == exit_failed);
  CHECK(place.call("containers").out == std::string(4, '\0'));
}

TEST_CASE("termination on a disk that cannot be synchronized is not recorded before it can",
          "[scenario-58]") {
  const WorkDirectory place;
  const auto sandbox = start_directly(place, "c1", until_go);
  const auto errors = [&] { return read_file(sandbox / "stderr"); };
  Child tracer({"strace", "-f", "-o", place.scratch() / "trace", "-e",
                "inject=fsync,fdatasync:error=EIO", "-p", std::to_string(place.supervisor("c1"))});
  eventually("the supervisor is traced", [&] {
    tracer.pump(deadline_in(Duration(20)));
    return tracer.err().find("attached") != std::string::npos;
  });
  write_file(sandbox / "go", "");
  eventually("the supervisor has tried to record the end", [&] {
    return errors().find("cannot record event Exited") != std::string::npos ||
           place.state_of("c1") != "Running";
  });
  CHECK(place.state_of("c1") == "Running");
  CHECK(place.show("c1").at("termination").is_null());
  tracer.kill_hard();
  CHECK(end_of(place, "c1").status() == 7 << 8);
  place.await_state("c1", "Gone");
}

// A look at one instant would prove little. If a process does not run at all while other verbs use
// the database, its descriptors are the same all that time.
TEST_CASE("processes that wait do not run, and do not have the database open", "[scenario-62]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "trap exit TERM; while :; do sleep 0.05; done");
  slave.expect_status(task, "TASK_RUNNING");
  for (const char* verb : {"wait", "supervise", "task-proxy"}) {
    INFO(verb);
    const auto found = place.processes({program(), verb});  // and the slave's shell of `wait`
    REQUIRE_FALSE(found.empty());
    eventually(std::string(verb) + " does not run while other verbs do", [&] {
      const auto before = runs_of(found);
      for (int i = 0; i < 10; ++i) CHECK(place.call("containers").status == exit_ok);
      return runs_of(found) == before;
    });
    CHECK(std::none_of(found.begin(), found.end(), has_database_open));
  }
}

TEST_CASE("debug log of every verb into a full pipe that no process reads", "[scenario-69]") {
  WorkDirectory place;
  // With this path, every verb logs at least one line.
  write_file(place.scratch() / "file", "");
  place.set("CONTAINERIZER_LOG", place.scratch() / "file" / "log");
  place.set("CONTAINERIZER_LOG_LEVEL", "debug");
  check_every_verb(place, "c1", [&](const std::string& verb, const std::string& input) {
    auto ran = place.call(verb, input);
    CHECK_THAT(ran.err, Contains("cannot log to"));
    return ran;
  });
  const FullPipe pipe(place.scratch() / "pipe");
  check_every_verb(place, "c2", [&](const std::string& verb, const std::string& input) {
    INFO(verb);
    return run({"sh", "-c", "exec \"$0\" \"$1\" 2> \"$2\"", program(), verb, pipe.path()},
               place.variables(), input);
  });
}
