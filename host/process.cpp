#include "host/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <sstream>

#include "host/file.h"

namespace containerizer {
namespace {

std::string last_error() { return std::strerror(errno); }

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const auto& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Everything that the child needs between fork and exec. It is prepared before the fork, because
// only async-signal-safe functions may be called after it, and those do not allocate memory.
struct ChildImage {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const Program& program;
  int gate;      // read end of a pipe; the child waits for a byte from it. -1: no waiting
  int report;    // write end of a pipe; receives errno if the child fails before or in exec
  pid_t parent;  // the process that forked
};

[[noreturn]] void fail_child(int report) {
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(report, &error, sizeof error);
  ::_exit(127);
}

// Ignored signals and the mask survive exec, so the program would inherit ours.
void reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Makes the three standard descriptors 0, 1 and 2, report 3 and gate 4, and closes all others. The
// sources are first duplicated to 10 and above: a source can itself have a number from 0 to 4,
// which the next dup2 would overwrite.
bool arrange_descriptors(ChildImage& image) {
  const std::array<int, 3> wanted{image.program.input, image.program.output, image.program.error};
  std::array<int, 5> high{};
  for (std::size_t i = 0; i < 3; ++i) {
    const int source = wanted[i] >= 0
                           ? wanted[i]
                           : ::open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
    high[i] = ::fcntl(source, F_DUPFD_CLOEXEC, 10);
    if (high[i] < 0) return false;
  }
  high[3] = ::fcntl(image.report, F_DUPFD_CLOEXEC, 10);
  high[4] = image.gate < 0 ? -1 : ::fcntl(image.gate, F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 3; ++i) ::dup2(high[static_cast<std::size_t>(i)], i);
  image.report = ::dup3(high[3], 3, O_CLOEXEC);
  if (high[4] >= 0) image.gate = ::dup3(high[4], 4, O_CLOEXEC);
  ::syscall(SYS_close_range, high[4] >= 0 ? 5U : 4U, ~0U, 0U);
  return true;
}

bool take_identity(const Program& program) {
  if (!program.identity) return true;
  const auto [user, group] = *program.identity;
  // The user last: afterwards, the process may no longer change its groups.
  return ::setgroups(1, &group) == 0 && ::setgid(group) == 0 && ::setuid(user) == 0;
}

[[noreturn]] void become(ChildImage image) {
  if (!take_identity(image.program)) fail_child(image.report);
  if (image.program.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    fail_child(image.report);
  }
  if (image.program.dies_with_us) {
    // After take_identity(), because a change of the user clears the setting (prctl(2)). The parent
    // can have died before the call: then nothing would kill this process.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != image.parent) ::_exit(127);
  }
  // A slave kills a verb with its process group and session. The program must not be in them.
  ::setsid();
  reset_signals();
  if (!arrange_descriptors(image)) fail_child(image.report);
  if (image.gate >= 0) {
    char permission = 0;
    ssize_t got = 0;
    do {
      got = ::read(image.gate, &permission, 1);
    } while (got < 0 && errno == EINTR);
    // End of file: the parent has died or has dropped the PreparedProcess.
    if (got != 1) ::_exit(127);
  }
  const auto& started_file = image.program.started_file;
  if (!started_file.empty() &&
      ::open(started_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0) {
    fail_child(image.report);
  }
  const auto& directory = image.program.directory;
  if (!directory.empty() && ::chdir(directory.c_str()) != 0) fail_child(image.report);
  const auto& file = image.program.file;
  ::execve(file.empty() ? image.arguments[0] : file.c_str(), image.arguments.data(),
           image.environment.data());
  fail_child(image.report);
}

// Waits until the child runs the program or has failed. The write end of `report` is close-on-exec,
// so end of file means that exec succeeded.
Status await_exec(const Fd& report, const std::string& what) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return Done{};
  return Failure{Fault::refused, "cannot start " + what + ": " + std::strerror(error)};
}

std::string describe(const Program& program) {
  const auto& path = program.file.empty() ? program.arguments[0] : program.file;
  return program.directory.empty() ? path : path + " in " + program.directory;
}

// Forks. For a detached program it forks twice: the middle process exits, so init adopts the
// grandchild. The middle process has its own session, so that a signal to our process group between
// the two forks does not reach the grandchild.
pid_t fork_child(ChildImage& image) {
  image.parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (!image.program.detached) become(image);
  ::setsid();
  const pid_t grandchild = ::fork();
  if (grandchild < 0) fail_child(image.report);
  if (grandchild > 0) ::_exit(0);
  become(image);
}

// The fields of /proc/PID/stat from the third on: state, parent, …. The second field is the
// program's name in parentheses. It can contain spaces and parentheses, so the last ")" is searched
// for.
std::vector<std::string> fields_of(pid_t pid) {
  const auto stat = read_small_file("/proc/" + std::to_string(pid) + "/stat");
  const auto after_name = stat ? stat->rfind(") ") : std::string::npos;
  if (after_name == std::string::npos) return {};
  std::istringstream rest(stat->substr(after_name + 2));
  return {std::istream_iterator<std::string>(rest), {}};
}

constexpr std::size_t parent_field = 1;
constexpr std::size_t start_field = 19;

}  // namespace

std::string boot_id() {
  static const std::string id = [] {
    auto text = read_small_file("/proc/sys/kernel/random/boot_id").value_or("unknown");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }();
  return id;
}

std::optional<ProcessId> identify(pid_t pid) {
  const auto fields = fields_of(pid);
  // A zombie (Z) or dead (X) process has exited.
  if (fields.size() <= start_field || fields[0] == "Z" || fields[0] == "X") return std::nullopt;
  return ProcessId{pid, std::strtoull(fields[start_field].c_str(), nullptr, 10)};
}

std::string describe_wait_status(std::optional<int> status) {
  if (!status) return "status unknown";
  if (WIFSIGNALED(*status)) return "signal " + std::to_string(WTERMSIG(*status));
  return "exit code " + std::to_string(WEXITSTATUS(*status));
}

std::optional<pid_t> parent_of(pid_t pid) {
  const auto fields = fields_of(pid);
  if (fields.size() <= parent_field) return std::nullopt;
  return static_cast<pid_t>(std::strtol(fields[parent_field].c_str(), nullptr, 10));
}

Fd open_process(const ProcessId& process) {
  Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  // The comparison must come after the open: the pidfd keeps its process, whatever becomes of the
  // PID in between.
  if (handle.valid() && identify(process.pid) != process) handle.close();
  return handle;
}

bool send_signal(const ProcessId& process, int signal) {
  const Fd handle = open_process(process);
  return handle.valid() && ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0;
}

bool send_group_signal(const ProcessId& leader, int signal) {
  const Fd handle = open_process(leader);
  return handle.valid() && ::kill(-leader.pid, signal) == 0;
}

Result<PreparedProcess> PreparedProcess::fork(const Program& program) {
  auto gate = make_pipe();
  if (!gate.ok()) return gate.failure();
  auto report = make_pipe();
  if (!report.ok()) return report.failure();
  ChildImage image{c_strings(program.arguments), c_strings(program.environment), program,
                   gate.value().read.get(),      report.value().write.get(),     0};
  const pid_t child = fork_child(image);
  if (child < 0) return Failure{Fault::unavailable, "cannot fork: " + last_error()};
  const auto id = identify(child);
  if (!id) {
    return Failure{Fault::unavailable, "the prepared child process for " + describe(program) +
                                           " exited before it could execute the program"};
  }
  PreparedProcess prepared(*id, std::move(gate.value().write), std::move(report.value().read));
  prepared.path_ = describe(program);
  return prepared;
}

Status PreparedProcess::allow() {
  const bool written = ::write(gate_.get(), "g", 1) == 1;
  gate_.close();
  if (!written) {
    return Failure{Fault::refused,
                   "cannot start " + path_ +
                       ": the prepared child process exited before it could execute the program"};
  }
  return await_exec(report_, path_);
}

Result<ProcessId> start(const Program& program) {
  auto report = make_pipe();
  if (!report.ok()) return report.failure();
  ChildImage image{c_strings(program.arguments),
                   c_strings(program.environment),
                   program,
                   -1,
                   report.value().write.get(),
                   0};
  const pid_t child = fork_child(image);
  if (child < 0) return Failure{Fault::unavailable, "cannot fork: " + last_error()};
  report.value().write.close();
  const auto id = identify(child);
  auto started = await_exec(report.value().read, describe(program));
  // The middle process, which exits at once.
  if (program.detached) ::waitpid(child, nullptr, 0);
  if (!started.ok()) {
    if (!program.detached) ::waitpid(child, nullptr, 0);
    return started.failure();
  }
  return id.value_or(ProcessId{child, 0});
}

std::optional<int> reap(pid_t child) {
  int status = 0;
  const pid_t got = ::waitpid(child, &status, WNOHANG);
  if (got == child) return status;
  return std::nullopt;
}

std::string own_program() {
  std::array<char, 4096> path{};
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  std::string program(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  // The kernel appends this when the file has been replaced, as an upgrade does.
  constexpr std::string_view mark = " (deleted)";
  if (program.ends_with(mark)) program.resize(program.size() - mark.size());
  return program;
}

}  // namespace containerizer
