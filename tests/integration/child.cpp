#include "tests/integration/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>

namespace containerizer::integration {
namespace {

struct Pipe {
  Fd read, write;
};

Pipe make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) FAIL("cannot create a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> all;
  all.reserve(strings.size() + 1);
  for (const auto& one : strings) all.push_back(const_cast<char*>(one.c_str()));
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_with(const Variables& added) {
  Variables all;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    all[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  for (const auto& [name, value] : added) all[name] = value;
  std::vector<std::string> strings;
  for (const auto& [name, value] : all) strings.push_back(name + "=" + value);
  return strings;
}

}  // namespace

Child::Child(const std::vector<std::string>& words, const Variables& added) {
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  const auto environment = environment_with(added);
  const auto arguments = pointers(words);
  const auto variables = pointers(environment);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::setsid();
    ::dup2(in.read.get(), STDIN_FILENO);
    ::dup2(out.write.get(), STDOUT_FILENO);
    ::dup2(err.write.get(), STDERR_FILENO);
    ::execvpe(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  alive_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  in_ = std::move(in.write);
  output_ = std::move(out.read);
  error_ = std::move(err.read);
  for (const auto* fd : {&in_, &output_, &error_}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
}

Child::~Child() { kill_hard(); }

void Child::kill_hard() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  await_end();
}

void Child::send(std::string_view bytes) {
  unsent_ += bytes;
  pass_input();
}

void Child::close_input() {
  input_closed_ = true;
  pass_input();
}

void Child::pass_input() {
  while (in_.valid() && !unsent_.empty()) {
    const auto written = ::write(in_.get(), unsent_.data(), unsent_.size());
    if (written < 0 && errno != EPIPE) return;
    if (written < 0) in_.close();
    unsent_.erase(0, written < 0 ? unsent_.size() : static_cast<std::size_t>(written));
  }
  if (input_closed_ && unsent_.empty()) in_.close();
}

void Child::take(Fd& from, std::string& into) {
  std::array<char, 65536> buffer{};
  while (from.valid()) {
    const auto got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0) return;
    if (got == 0) from.close();
    into.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void Child::reap() {
  int status = 0;
  if (status_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void Child::pump(Deadline deadline) {
  pass_input();
  std::array<pollfd, 4> all{pollfd{alive_.get(), POLLIN, 0}, pollfd{output_.get(), POLLIN, 0},
                            pollfd{error_.get(), POLLIN, 0},
                            pollfd{unsent_.empty() ? -1 : in_.get(), POLLOUT, 0}};
  ::poll(all.data(), all.size(), static_cast<int>(time_left(deadline).count()));
  // reap() first: everything that the process wrote before its exit is then in the pipes.
  reap();
  take(output_, out_);
  take(error_, err_);
}

bool Child::await_end(Duration limit) {
  const auto deadline = deadline_in(limit);
  while (!status_ && time_left(deadline) > Duration::zero()) pump(deadline);
  return status_.has_value();
}

Ran run(const std::vector<std::string>& words, const Variables& added, std::string_view input,
        bool close_input) {
  Child child(words, added);
  child.send(input);
  if (close_input) child.close_input();
  const bool ended = child.await_end();
  std::string line;
  for (const auto& word : words) line += word.substr(0, 200) + " ";
  INFO(line << "\n" << child.err());
  REQUIRE(ended);
  return {*child.ended(), child.out(), child.err()};
}

std::string output_of(const std::vector<std::string>& words) {
  auto ran = run(words);
  INFO(words[0] << ": " << ran.err);
  REQUIRE(ran.status == 0);
  if (!ran.out.empty() && ran.out.back() == '\n') ran.out.pop_back();
  return ran.out;
}

}  // namespace containerizer::integration
