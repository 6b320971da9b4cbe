// What the database, its disk and the log may ask of the verbs: nothing but what they can give.
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

// A FIFO without any room, which nobody reads.
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

Ran launch_without_fsync(const WorkDirectory& place) {
  auto variables = place.variables();
  // It cannot look for leaks under a tracer.
  variables["ASAN_OPTIONS"] = "detect_leaks=0";
  return run({"strace", "-o", place.scratch() / "trace", "-e", "inject=fsync,fdatasync:error=EIO",
              program(), "launch"},
             variables, frame_of(custom_launch(place, "c1", "sleep 1000")));
}

template <class Message>
void check_frame_alone(const Ran& ran) {
  CHECK(ran.status == exit_ok);
  CHECK(ran.out == frame_of(message_in<Message>(ran.out)));
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

TEST_CASE("launch that could not be synchronized is not on record", "[scenario-58]") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == exit_ok);
  REQUIRE(launch_without_fsync(place).status == exit_failed);
  CHECK(place.call("containers").out == std::string(4, '\0'));
}

TEST_CASE("nobody who waits has the database open", "[scenario-62]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "trap exit TERM; while :; do sleep 0.05; done");
  slave.expect_status(task, "TASK_RUNNING");
  for (const char* who : {"wait", "supervise", "task-proxy"}) {
    INFO(who);
    const auto all = place.processes({program(), who});
    CHECK(!all.empty());
    eventually(std::string(who) + " rests without the database",
               [&] { return std::none_of(all.begin(), all.end(), has_database_open); });
  }
}

TEST_CASE("debug log into a full pipe that nobody reads", "[scenario-69]") {
  WorkDirectory place;
  start_directly(place, "c1", until_go);
  const FullPipe pipe(place.scratch() / "pipe");
  // So that every verb has something to say.
  write_file(place.scratch() / "file", "");
  place.set("CONTAINERIZER_LOG", place.scratch() / "file" / "log");
  place.set("CONTAINERIZER_LOG_LEVEL", "debug");
  CHECK_THAT(place.call("containers").err, Contains("cannot log to"));
  const auto into_pipe = [&](const std::string& verb, const std::string& input) {
    return run({"sh", "-c", "exec \"$0\" \"$1\" 2> \"$2\"", program(), verb, pipe.path()},
               place.variables(), input);
  };
  check_frame_alone<mesos::containerizer::Containers>(into_pipe("containers", ""));
  mesos::containerizer::Usage usage;
  usage.mutable_container_id()->set_value("c1");
  check_frame_alone<mesos::ResourceStatistics>(into_pipe("usage", frame_of(usage)));
}
