#include "bench/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "host/file.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

struct Pipe {
  Fd read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot create a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (auto& one : strings) all.push_back(one.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> assignments(const Variables& variables) {
  std::vector<std::string> all;
  for (const auto& [name, value] : variables) all.push_back(formatted("{}={}", name, value));
  return all;
}

std::string last_words(const std::string& file) {
  std::ifstream stream(file);
  std::string all((std::istreambuf_iterator<char>(stream)), {});
  constexpr std::size_t most = 500;
  return all.size() > most ? all.substr(all.size() - most) : all;
}

double milliseconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) * 1e-3;
}

// The actions of posix_spawn in the child before it becomes the program.
class Preparation {
 public:
  Preparation() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  }
  ~Preparation() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

double milliseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

Child::Child(const Command& command) : name_(command.words.back()), errors_(command.errors) {
  auto words = command.words;
  auto variables = assignments(command.environment);
  const auto arguments = pointers(words);
  const auto environment = pointers(variables);
  auto in = make_pipe();
  auto out = make_pipe();
  Preparation plan;
  ::posix_spawn_file_actions_adddup2(&plan.actions, in.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.actions, out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&plan.actions, STDERR_FILENO, command.errors.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, command.directory.c_str());
  started_ = Clock::now();
  const int failed = ::posix_spawnp(&pid_, arguments[0], &plan.actions, &plan.attributes,
                                    arguments.data(), environment.data());
  if (failed != 0) {
    throw std::runtime_error(formatted("cannot start {}: {}", words[0], std::strerror(failed)));
  }
  input_ = std::move(in.write);
  output_ = std::move(out.read);
  if (!write_all(input_.get(), command.input)) {
    throw std::runtime_error(formatted("{} does not read its input", name_));
  }
}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Ended Child::finish() {
  Ended ended;
  std::array<char, 65536> piece{};
  for (;;) {
    const auto got = ::read(output_.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    ended.output.append(piece.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  rusage used{};
  ::wait4(pid_, &status, 0, &used);
  ended.wall_ms = milliseconds_between(started_, Clock::now());
  ended.cpu_ms = milliseconds_of(used.ru_utime) + milliseconds_of(used.ru_stime);
  pid_ = -1;
  if (status == 0) return ended;
  throw std::runtime_error(
      formatted("{} failed with wait status {}: {}", name_, status, last_words(errors_)));
}

Ended run(const Command& command) { return Child(command).finish(); }

double memory_of(pid_t pid) {
  std::ifstream file(formatted("/proc/{}/smaps_rollup", pid));
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    double kilobytes = 0;
    if (words >> name >> kilobytes && name == "Pss:") return kilobytes * 1024 / 1e6;
  }
  throw std::runtime_error(formatted("cannot read the memory of process {}", pid));
}

}  // namespace containerizer::bench
