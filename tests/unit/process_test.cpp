#include "host/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <set>
#include <sstream>

#include "host/file.h"
#include "temporary_directory.h"

using namespace containerizer;

namespace {

// A child that sleeps until it is killed.
class Sleeper {
 public:
  explicit Sleeper(const std::string& name = "sleeper") {
    Gate named;
    pid_ = fork_child([&] {
      ::prctl(PR_SET_NAME, name.c_str());
      named.open();
      for (;;) ::pause();
    });
    named.wait();
  }
  ~Sleeper() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ended(pid_);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  pid_t pid() const { return pid_; }
  int end() { return ended(std::exchange(pid_, 0)); }

 private:
  pid_t pid_;
};

// While it exists, orphaned descendants become our children, so the test can wait for them.
class Subreaper {
 public:
  Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
};

// `cat` between two pipes. Once it has echoed a line, it certainly runs.
class Cat {
 public:
  explicit Cat(bool detached = false) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
      throw std::runtime_error("pipe");
    input_ = Fd(in[1]);
    output_ = Fd(out[0]);
    const Fd theirs_in(in[0]);
    const Fd theirs_out(out[1]);
    program.arguments = {"/bin/cat"};
    program.input = theirs_in.get();
    program.output = theirs_out.get();
    program.detached = detached;
    auto started = start(program);
    if (!started.ok()) throw std::runtime_error(started.failure().text);
    id = started.value();
  }
  std::string echo(const std::string& line) {
    write_all(input_.get(), line);
    std::string back(line.size(), '\0');
    std::size_t length = 0;
    while (length < back.size()) {
      const auto got = ::read(output_.get(), back.data() + length, back.size() - length);
      if (got <= 0) break;
      length += static_cast<std::size_t>(got);
    }
    back.resize(length);
    return back;
  }
  void finish() { input_.close(); }

  Program program;
  ProcessId id;

 private:
  Fd input_;
  Fd output_;
};

std::set<std::string> descriptors_of(pid_t process) {
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd")) {
    names.insert(entry.path().filename());
  }
  return names;
}

std::string status_line(pid_t process, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":\t", 0) == 0) return line.substr(name.size() + 2);
  }
  return "";
}

struct Family {
  pid_t parent;
  pid_t group;
  pid_t session;
};

Family family_of(pid_t process) {
  const auto stat = content_of("/proc/" + std::to_string(process) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(") ") + 4));
  Family family{};
  fields >> family.parent >> family.group >> family.session;
  return family;
}

Program toucher(const std::string& path) {
  Program program;
  program.arguments = {"/usr/bin/touch", path};
  return program;
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

}  // namespace

// --- naming and signalling -----------------------------------------------------------------------

TEST_CASE("a process has one identity while it lives") {
  const auto self = identify(::getpid());
  REQUIRE(self);
  CHECK(self->pid == ::getpid());
  CHECK(self->start > 0);
  CHECK(identify(::getpid()) == self);
  CHECK(boot_id().size() == 36);
}

TEST_CASE("a process may have any name") {
  const auto name = GENERATE(as<std::string>(), "plain", "a b", ") Z 1", ") X (", "(((", "\n) R");
  const Sleeper sleeper(name);
  const Sleeper reference;
  const auto id = identify(sleeper.pid());
  REQUIRE(id);
  CHECK(id->start <= identify(reference.pid())->start);
  CHECK(id->start >= identify(::getpid())->start);
}

TEST_CASE("a process that has exited has no identity, even before it is reaped", "[scenario-27]") {
  Sleeper sleeper;
  const auto id = identify(sleeper.pid());
  REQUIRE(id);
  const auto watch = open_process(*id);
  REQUIRE(watch.ok());
  CHECK(life_of(*id) == Life::alive);
  CHECK(send_signal(*id, SIGKILL));
  pollfd polled{watch.value().get(), POLLIN, 0};
  CHECK(::poll(&polled, 1, -1) == 1);
  CHECK_FALSE(identify(sleeper.pid()));
  CHECK(life_of(*id) == Life::gone);
  CHECK(open_process(*id).failed_with(Fault::not_found));
  CHECK_FALSE(send_signal(*id, SIGTERM));
  CHECK(was_killed(sleeper.end()));
  CHECK_FALSE(identify(id->pid));
  CHECK_FALSE(send_signal(*id, 0));
  CHECK_FALSE(send_group_signal(*id, 0));
  CHECK(life_of(*id) == Life::gone);
}

TEST_CASE("a process about which the kernel does not answer is unknown, never gone") {
  const Sleeper sleeper;
  const auto id = identify(sleeper.pid());
  REQUIRE(id);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  // No further descriptor: neither a pidfd nor a file of /proc can be opened.
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto life = life_of(*id);
  const auto opened = open_process(*id);
  const auto gone = life_of({0x7fffffff, 1});
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(life == Life::unknown);
  CHECK(opened.failed_with(Fault::unavailable));
  CHECK(gone == Life::gone);
  CHECK(life_of(*id) == Life::alive);
}

TEST_CASE("no signal reaches a process that only has the same PID", "[scenario-52]") {
  Sleeper sleeper;
  const auto id = identify(sleeper.pid());
  REQUIRE(id);
  for (const ProcessId other : {ProcessId{id->pid, id->start + 1},
                                ProcessId{id->pid, id->start - 1}, ProcessId{id->pid, 0}}) {
    CHECK_FALSE(open_process(other).ok());
    CHECK_FALSE(send_signal(other, SIGKILL));
    CHECK_FALSE(send_group_signal(other, SIGKILL));
  }
  CHECK(identify(sleeper.pid()) == id);
  // Not SIGUSR1, which every Host blocks.
  CHECK(send_signal(*id, SIGUSR2));
  CHECK(WTERMSIG(sleeper.end()) == SIGUSR2);
}

TEST_CASE("a PID that no process can have has no identity", "[scenario-52]") {
  for (const pid_t pid : {0, -1, 0x7fffffff}) {
    INFO(pid);
    CHECK_FALSE(identify(pid));
    CHECK_FALSE(send_signal({pid, 1}, SIGKILL));
    CHECK_FALSE(send_group_signal({pid, 1}, SIGKILL));
  }
}

// --- starting ------------------------------------------------------------------------------------

TEST_CASE("a started program has no descriptors except 0, 1 and 2", "[scenario-63]") {
  const int leaked = ::fcntl(2, F_DUPFD, 100);  // not close-on-exec
  const int low = ::fcntl(2, F_DUPFD, 3);
  Cat cat;
  CHECK(cat.echo("line\n") == "line\n");
  CHECK(descriptors_of(cat.id.pid) == std::set<std::string>{"0", "1", "2"});
  ::close(leaked);
  ::close(low);
  cat.finish();
  CHECK(ended(cat.id.pid) == 0);
}

TEST_CASE("descriptors that are not given are /dev/null") {
  const TemporaryDirectory there;
  Program program;
  program.arguments = {"/bin/sh", "-c",
                       "seen=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2);"
                       " echo \"$seen\" > " +
                           (there / "seen")};
  const auto started = start(program);
  REQUIRE(started.ok());
  CHECK(ended(started.value().pid) == 0);
  CHECK(content_of(there / "seen") == "/dev/null\n/dev/null\n/dev/null\n");
}

TEST_CASE("descriptors can be given in any order and more than once") {
  const TemporaryDirectory there;
  write_file(there / "input", "from the input\n");
  const int status = run_in_child([&] {
    // The numbers that the child must have, but in another order.
    const Fd input(::open((there / "input").c_str(), O_RDONLY));
    const Fd output(::open((there / "output").c_str(), O_WRONLY | O_CREAT, 0600));
    ::dup2(output.get(), 0);
    ::dup2(input.get(), 1);
    Program program;
    program.arguments = {"/bin/sh", "-c", "cat; echo to the error >&2"};
    program.input = 1;
    program.output = 0;
    program.error = 0;
    auto started = start(program);
    expect(started.ok(), "it starts");
    expect(ended(started.value().pid) == 0, "it succeeds");
  });
  CHECK(status == 0);
  CHECK(content_of(there / "output") == "from the input\nto the error\n");
}

TEST_CASE("a started program has default signals, an empty mask and its own session") {
  struct sigaction before {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigaction(SIGPIPE, &ignore, &before);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  Cat cat;
  ::sigaction(SIGPIPE, &before, nullptr);
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  REQUIRE(cat.echo("x") == "x");
  CHECK(status_line(cat.id.pid, "SigBlk") == "0000000000000000");
  CHECK(status_line(cat.id.pid, "SigIgn") == "0000000000000000");
  const auto family = family_of(cat.id.pid);
  CHECK(family.parent == ::getpid());
  CHECK(family.group == cat.id.pid);
  CHECK(family.session == cat.id.pid);
  CHECK(identify(cat.id.pid) == cat.id);
  CHECK_FALSE(reap(cat.id.pid));
  CHECK(send_group_signal(cat.id, SIGTERM));
  CHECK(WTERMSIG(ended(cat.id.pid)) == SIGTERM);
}

TEST_CASE("a program gets its environment and its directory, and nothing of ours") {
  const TemporaryDirectory there;
  Program program;
  program.arguments = {"/bin/sh", "-c", "pwd > seen; /usr/bin/env >> seen"};
  program.environment = {"ONE=1", "TWO=a b=c"};
  program.directory = there.path();
  const auto started = start(program);
  REQUIRE(started.ok());
  CHECK(ended(started.value().pid) == 0);
  const auto seen = content_of(there / "seen");
  CHECK(seen.find(there.path() + "\n") == 0);
  CHECK(seen.find("ONE=1\n") != std::string::npos);
  CHECK(seen.find("TWO=a b=c\n") != std::string::npos);
  CHECK(seen.find("HOME=") == std::string::npos);
}

TEST_CASE("a program that cannot be started is reported with the reason, and leaves no child",
          "[scenario-10]") {
  const TemporaryDirectory there;
  write_file(there / "data", "no program");
  const bool detached = GENERATE(false, true);
  const auto refusal = [&](const std::string& path, const std::string& directory) {
    const Subreaper reaper;  // takes the place of init
    Program program;
    program.arguments = {path};
    program.directory = directory;
    program.detached = detached;
    const auto refused = start(program);
    REQUIRE(refused.failed_with(Fault::refused));
    CHECK(refused.failure().text.find(path) != std::string::npos);
    if (detached) ended(-1);
    CHECK_FALSE(has_children());
    return refused.failure().text;
  };
  CHECK_THAT(refusal(there / "absent", ""), Catch::Contains(std::strerror(ENOENT)));
  CHECK_THAT(refusal(there / "data", ""), Catch::Contains(std::strerror(EACCES)));
  CHECK_THAT(refusal(there.path(), ""), Catch::Contains(std::strerror(EACCES)));
  CHECK_THAT(refusal("/bin/true", there / "nowhere"), Catch::Contains(std::strerror(ENOENT)));
}

TEST_CASE("a detached program is not our child, and has its own session") {
  const Subreaper reaper;  // takes the place of init
  const pid_t leader = ::getpid();
  Cat cat(true);
  REQUIRE(cat.echo("x") == "x");
  pid_t orphan = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::istringstream children(content_of(entry.path() / "children"));
    children >> orphan;
  }
  REQUIRE(orphan > 0);
  CHECK(orphan != cat.id.pid);  // that was the middle process, which is reaped
  const auto family = family_of(orphan);
  CHECK(family.parent == leader);
  CHECK(family.session == orphan);
  CHECK(family.group == orphan);
  CHECK(descriptors_of(orphan) == std::set<std::string>{"0", "1", "2"});
  cat.finish();
  CHECK(ended(orphan) == 0);
  CHECK_FALSE(has_children());
}

TEST_CASE("a program with dies_with_us dies with its parent") {
  const Subreaper reaper;
  Gate started;
  const pid_t parent = fork_child([&] {
    Program program;
    program.arguments = {"/bin/sleep", "1000"};
    program.dies_with_us = true;
    expect(start(program).ok(), "it starts");
    started.open();
    for (;;) ::pause();
  });
  started.wait();
  ::kill(parent, SIGKILL);
  CHECK(was_killed(ended(parent)));
  CHECK(was_killed(ended(-1)));
  CHECK_FALSE(has_children());
}

// --- preparing -----------------------------------------------------------------------------------

TEST_CASE("a prepared process does nothing until it is allowed to", "[scenario-1]") {
  const TemporaryDirectory there;
  auto prepared = PreparedProcess::fork(toucher(there / "mark"));
  REQUIRE(prepared.ok());
  const auto id = prepared.value().id();
  CHECK(identify(id.pid) == id);
  CHECK_FALSE(std::filesystem::exists(there / "mark"));
  REQUIRE(prepared.value().allow().ok());
  CHECK(ended(id.pid) == 0);
  CHECK(std::filesystem::exists(there / "mark"));
}

TEST_CASE("a prepared process that is dropped exits without effect") {
  const TemporaryDirectory there;
  pid_t child = 0;
  {
    auto prepared = PreparedProcess::fork(toucher(there / "mark"));
    REQUIRE(prepared.ok());
    child = prepared.value().id().pid;
  }
  CHECK(WEXITSTATUS(ended(child)) == 127);
  CHECK_FALSE(std::filesystem::exists(there / "mark"));
}

TEST_CASE("a prepared process whose parent is killed exits without effect") {
  const TemporaryDirectory there;
  const Subreaper reaper;
  const int parent = run_in_child([&] {
    auto prepared = PreparedProcess::fork(toucher(there / "mark"));
    expect(prepared.ok(), "it forks");
    ::raise(SIGKILL);
  });
  CHECK(was_killed(parent));
  const int orphan = ended(-1);
  CHECK(WIFEXITED(orphan));
  CHECK(WEXITSTATUS(orphan) == 127);
  CHECK_FALSE(std::filesystem::exists(there / "mark"));
  CHECK_FALSE(has_children());
}

TEST_CASE("a prepared process that cannot become its program is reported with the reason") {
  Program program;
  program.arguments = {"/no/such/program"};
  auto prepared = PreparedProcess::fork(program);
  REQUIRE(prepared.ok());
  const auto refused = prepared.value().allow();
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find("/no/such/program") != std::string::npos);
  ended(prepared.value().id().pid);
}

TEST_CASE("a prepared process that was killed cannot be allowed") {
  const int status = run_in_child([&] {
    ::signal(SIGPIPE, SIG_IGN);
    auto prepared = PreparedProcess::fork(toucher("/dev/null"));
    expect(prepared.ok(), "it forks");
    ::kill(prepared.value().id().pid, SIGKILL);
    ended(prepared.value().id().pid);
    expect(!prepared.value().allow().ok(), "allow() fails, because the process was killed");
  });
  CHECK(status == 0);
}

TEST_CASE("a child that has exited is reaped once, with its status", "[scenario-23]") {
  Program program;
  program.arguments = {"/bin/sh", "-c", "exit 3"};
  const auto started = start(program);
  REQUIRE(started.ok());
  const pid_t child = started.value().pid;
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  const auto status = reap(child);
  REQUIRE(status);
  CHECK(WEXITSTATUS(*status) == 3);
  CHECK_FALSE(reap(child));
}

TEST_CASE("the program knows its own path") {
  CHECK(own_program() == std::filesystem::read_symlink("/proc/self/exe").string());
}

TEST_CASE("a wait status as text", "[scenario-23]") {
  CHECK(describe_wait_status(0) == "exit code 0");
  CHECK(describe_wait_status(3 << 8) == "exit code 3");
  CHECK(describe_wait_status(6) == "signal 6");
  CHECK(describe_wait_status(11 | 0x80) == "signal 11");  // with a core
  CHECK(describe_wait_status({}).find("unknown") != std::string::npos);
}
