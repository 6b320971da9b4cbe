#include "tests/slave/invoke.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <system_error>
#include <vector>

namespace containerizer::player {
namespace {

constexpr mode_t odd_mode = 0647;  // A mistake of the older releases.
constexpr mode_t plain_mode = 0644;
constexpr std::size_t largest_message = 64U << 20U;

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe(bool leaking) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), leaking ? 0 : O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  return {Fd(ends[0]), Fd(ends[1])};
}

struct Pipes {
  Pipe in;
  Pipe out;
  Pipe err;
};

// Everything that the child needs. It is prepared before the fork, because only system calls are
// safe after it.
struct Program {
  std::string command;
  std::vector<std::string> variables;
  std::vector<char*> environment;
  const char* directory = nullptr;
  bool synchronises = false;
  bool sigpipe_ignored = false;
};

Program prepare(const Call& call, const std::string& path, Release release) {
  Program program;
  program.command = path + " " + call.verb;
  for (const auto& [name, value] : call.environment) {
    program.variables.push_back(std::string(name).append("=").append(value));
  }
  for (std::string& variable : program.variables) program.environment.push_back(variable.data());
  program.environment.push_back(nullptr);
  if (call.sandbox) program.directory = call.sandbox->directory.c_str();
  program.synchronises = release.synchronises_before_exec();
  program.sigpipe_ignored = !release.dies_of_sigpipe();
  return program;
}

[[noreturn]] void become(Program& program, Pipes& pipes) {
  const auto fail = [&] {
    if (!program.synchronises) abort();
    _exit(errno);
  };
  dup2(pipes.in.read.get(), STDIN_FILENO);
  dup2(pipes.out.write.get(), STDOUT_FILENO);
  dup2(pipes.err.write.get(), STDERR_FILENO);
  for (Pipe* pipe : {&pipes.in, &pipes.out, &pipes.err}) {
    pipe->read.close();
    pipe->write.close();
  }
  if (setsid() < 0) fail();
  if (program.directory != nullptr && chdir(program.directory) != 0) fail();
  signal(SIGPIPE, program.sigpipe_ignored ? SIG_IGN : SIG_DFL);
  const std::int32_t zero = 0;
  if (program.synchronises && write(STDOUT_FILENO, &zero, sizeof zero) != sizeof zero) fail();
  const std::array<const char*, 4> arguments = {"sh", "-c", program.command.c_str(), nullptr};
  execve("/bin/sh", const_cast<char* const*>(arguments.data()), program.environment.data());
  fail();
  _exit(EXIT_FAILURE);
}

// Blocks until all bytes were read or all writers have closed. Returns whether all bytes were read.
bool read_all(int fd, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = read(fd, into, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

std::optional<std::string> read_frame(int fd) {
  std::uint32_t size = 0;
  if (!read_all(fd, reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  // The slave accepts any length. Reading in pieces takes as long, without the memory.
  constexpr std::size_t piece = 1U << 16U;
  std::string message;
  while (message.size() < size) {
    const std::size_t have = message.size();
    message.resize(std::min<std::size_t>(size, have + piece));
    if (!read_all(fd, message.data() + have, message.size() - have)) return std::nullopt;
    if (message.size() > largest_message) return std::nullopt;
  }
  return message;
}

bool write_frame(int fd, const std::string& message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string frame(reinterpret_cast<const char*>(&size), sizeof size);
  frame += message;
  for (std::string_view rest = frame; !rest.empty();) {
    const ssize_t written = write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Copies the stderr of a verb into a file, until the last writer has closed it.
class Drain : public std::enable_shared_from_this<Drain> {
 public:
  Drain(Runtime& runtime, Fd from, Fd into)
      : from_(runtime.loop(), from.release()), into_(std::move(into)) {}

  void run() {
    from_.async_read_some(boost::asio::buffer(buffer_),
                          [self = shared_from_this()](auto error, std::size_t size) {
                            if (error || size == 0) return;
                            if (write(self->into_.get(), self->buffer_.data(), size) < 0) return;
                            self->run();
                          });
  }

 private:
  boost::asio::posix::stream_descriptor from_;
  Fd into_;
  std::array<char, 4096> buffer_{};
};

std::string chown_tree(const Sandbox& sandbox, const std::string& what) {
  if (sandbox.user.empty()) return {};
  if (getpwnam(sandbox.user.c_str()) == nullptr) {
    return "Failed to get the user id of '" + sandbox.user + "': no such user";
  }
  const std::string command = "chown -R '" + sandbox.user + "': '" + what + "'";
  // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): the slave does the same.
  if (std::system(command.c_str()) != 0) return "Failed to chown '" + what + "'";
  return {};
}

Fd open_stderr(const Call& call, Release release) {
  if (!call.sandbox) return Fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const std::filesystem::path path = call.sandbox->directory / "stderr";
  const mode_t mode = release.odd_stderr_mode() ? odd_mode : plain_mode;
  return Fd(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
}

// A verb until both its exit and its reply are known. The descriptors stay open until then, because
// stdin must not reach its end while the process lives.
struct Pending {
  Child child;
  Answer answer;
  std::atomic<int> outstanding = 1;
  std::function<void(Answer)> done;

  void one_more_known() {
    if (--outstanding == 0) done(answer);
  }
};

}  // namespace

Child Invoker::spawn(const Call& call) {
  Program program = prepare(call, containerizer_path_, release_);
  const bool leaking = release_.leaks_pipes();
  Pipes pipes{make_pipe(leaking), make_pipe(leaking), make_pipe(leaking)};
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) become(program, pipes);
  pipes.out.write.close();
  std::int32_t zero = 0;
  if (program.synchronises && !read_all(pipes.out.read.get(), reinterpret_cast<char*>(&zero), 4)) {
    std::cerr << "slave-player: " << call.verb << ": the child did not get as far as its program\n";
  }
  return {pid, std::move(pipes.in.write), std::move(pipes.out.read), std::move(pipes.err.read)};
}

Started Invoker::start(const Call& call, std::function<void(Answer)> done) {
  if (call.sandbox) {
    const std::string failure = chown_tree(*call.sandbox, call.sandbox->directory);
    if (!failure.empty()) return {-1, failure};
  }
  auto pending = std::make_shared<Pending>();
  pending->child = spawn(call);
  pending->done = std::move(done);
  Child& child = pending->child;
  Fd into = open_stderr(call, release_);
  if (call.sandbox) chown_tree(*call.sandbox, call.sandbox->directory / "stderr");
  std::make_shared<Drain>(runtime_, std::move(child.err), std::move(into))->run();
  if (call.request && !write_frame(child.in.get(), *call.request)) {
    if (release_.dies_of_sigpipe()) abort_();
    // The process continues, and its exit is ignored.
    reaper_.watch(child.pid, [pending](int) {});
    return {-1, "Failed to write the request of '" + call.verb + "': Broken pipe"};
  }
  if (call.has_reply) {
    ++pending->outstanding;
    runtime_.occupy_worker([pending] {
      pending->answer.reply = read_frame(pending->child.out.get());
      pending->one_more_known();
    });
  }
  reaper_.watch(child.pid, [pending](int status) {
    pending->answer.status = status;
    pending->child.in.close();
    pending->one_more_known();
  });
  return {child.pid, {}};
}

}  // namespace containerizer::player
