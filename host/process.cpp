#include "host/process.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/split.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "host/file.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;

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
  close_descriptors_from(high[4] >= 0 ? 5 : 4);
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
  std::vector<std::string> fields;
  const auto rest = std::string_view(*stat).substr(after_name + 2);
  boost::split(fields, rest, [](char c) { return c == ' ' || c == '\n'; });
  return fields;
}

constexpr std::size_t parent_field = 1;
constexpr std::size_t start_field = 19;

fs::path file_of(pid_t pid, const char* name) {
  return fs::path("/proc") / std::to_string(pid) / name;
}

}  // namespace

std::string boot_id() {
  static const std::string id = [] {
    constexpr const char* file = "/proc/sys/kernel/random/boot_id";
    constexpr int tries = 3;
    std::optional<std::string> text;
    for (int i = 0; i < tries && !text; ++i) text = read_small_file(file);
    // Any replacement would look like another boot, and the container like one that a reboot ended.
    if (!text || text->empty()) {
      throw std::system_error(errno, std::generic_category(), std::string("cannot read ") + file);
    }
    while (!text->empty() && text->back() == '\n') text->pop_back();
    return *text;
  }();
  return id;
}

void close_descriptors_from(int first) {
  if (::syscall(SYS_close_range, static_cast<unsigned int>(first), ~0U, 0U) == 0) return;
  // Before Linux 5.9. The limit can be "none", but no process of ours opens that many files.
  constexpr rlim_t most = 65536;
  rlimit limit{most, most};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = first; fd < static_cast<int>(std::min(limit.rlim_cur, most)); ++fd) ::close(fd);
}

std::optional<ProcessId> identify(pid_t pid) {
  const auto fields = fields_of(pid);
  // A zombie (Z) or dead (X) process has exited.
  if (fields.size() <= start_field || fields[0] == "Z" || fields[0] == "X") return std::nullopt;
  return ProcessId{pid, std::strtoull(fields[start_field].c_str(), nullptr, 10)};
}

std::vector<ProcessId> other_processes() {
  std::vector<ProcessId> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    unsigned number = 0;
    if (!to_number(entry.path().filename().string(), number)) continue;
    const auto pid = static_cast<pid_t>(number);
    if (pid == ::getpid()) continue;
    if (const auto process = identify(pid)) found.push_back(*process);
  }
  return found;
}

std::vector<ProcessId> processes_with(const std::string& variable) {
  std::vector<ProcessId> found;
  for (const auto& process : other_processes()) {
    std::ifstream file(file_of(process.pid, "environ"), std::ios::binary);
    for (std::string one; std::getline(file, one, '\0');) {
      if (one != variable) continue;
      found.push_back(process);
      break;
    }
  }
  return found;
}

std::vector<OpenFile> openings_of(const std::string& path) {
  std::vector<OpenFile> found;
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return found;
  for (const auto& process : other_processes()) {
    std::error_code gone;
    for (fs::directory_iterator fd(file_of(process.pid, "fd"), gone), end; !gone && fd != end;
         fd.increment(gone)) {
      struct stat other {};
      unsigned number = 0;
      if (::stat(fd->path().c_str(), &other) != 0) continue;
      if (other.st_dev != file.st_dev || other.st_ino != file.st_ino) continue;
      if (!to_number(fd->path().filename().string(), number)) continue;
      found.push_back({process, static_cast<int>(number)});
    }
  }
  return found;
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

const char* name_of(Life life) {
  switch (life) {
    case Life::alive:
      return "alive";
    case Life::gone:
      return "gone";
    case Life::unknown:
      break;
  }
  return "unknown";
}

Life life_of(const ProcessId& process) {
  // This call needs neither memory nor a descriptor, so its answer is certain.
  if (::kill(process.pid, 0) != 0 && errno == ESRCH) return Life::gone;
  const auto fields = fields_of(process.pid);
  // The process may also have exited just now. Then the next call says so.
  if (fields.size() <= start_field) return Life::unknown;
  if (fields[0] == "Z" || fields[0] == "X") return Life::gone;
  if (process.start == 0) return Life::unknown;
  const auto start = std::strtoull(fields[start_field].c_str(), nullptr, 10);
  return start == process.start ? Life::alive : Life::gone;
}

Result<Fd> open_process(const ProcessId& process) {
  Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  auto why = last_error();
  // The comparison must come after the open: the pidfd keeps its process, whatever becomes of the
  // PID in between.
  const auto life = life_of(process);
  const auto what = "process " + std::to_string(process.pid);
  if (life == Life::gone) return Failure{Fault::not_found, what + " has exited"};
  if (handle.valid() && life == Life::alive) return handle;
  if (handle.valid()) why = "/proc does not show it";
  return Failure{Fault::unavailable, "cannot watch " + what + ": " + why};
}

bool send_signal(const ProcessId& process, int signal) {
  const auto handle = open_process(process);
  if (handle.ok()) {
    return ::syscall(SYS_pidfd_send_signal, handle.value().get(), signal, nullptr, 0) == 0;
  }
  return life_of(process) == Life::alive && ::kill(process.pid, signal) == 0;
}

bool send_group_signal(const ProcessId& leader, int signal) {
  return life_of(leader) == Life::alive && ::kill(-leader.pid, signal) == 0;
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

Failure become(const Program& program, const std::vector<int>& kept) {
  const std::array<int, 3> wanted{program.input, program.output, program.error};
  std::array<Fd, 3> before;
  for (int i = 0; i < 3; ++i) {
    const auto fd = wanted[static_cast<std::size_t>(i)];
    if (fd < 0) continue;
    before[static_cast<std::size_t>(i)] = Fd(::fcntl(i, F_DUPFD_CLOEXEC, 3));
    ::dup2(fd, i);
  }
  for (const int fd : kept) ::fcntl(fd, F_SETFD, 0);
  // A timer goes on after exec, and a signal without a handler would then end the process.
  const itimerval none{};
  ::setitimer(ITIMER_REAL, &none, nullptr);
  for (const int each : {SIGALRM, SIGIO}) ::signal(each, SIG_IGN);
  const auto arguments = c_strings(program.arguments);
  const auto environment = c_strings(program.environment);
  ::execve(program.file.empty() ? arguments[0] : program.file.c_str(), arguments.data(),
           environment.data());
  Failure failure{Fault::refused, "cannot become " + describe(program) + ": " + last_error()};
  for (const int fd : kept) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  for (int i = 0; i < 3; ++i) {
    const auto& source = before[static_cast<std::size_t>(i)];
    if (source.valid()) ::dup2(source.get(), i);
  }
  return failure;
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
