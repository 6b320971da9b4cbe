#include "host/log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "host/fd.h"
#include "host/file.h"
#include "host/text.h"

namespace containerizer::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

// Together with its prefix, a line fits into PIPE_BUF (4096 bytes), so a pipe does not mix it with
// the lines of other processes.
constexpr std::size_t longest_line = 3800;
constexpr std::size_t longest_name = 200;

// Standard error, except that a line is dropped if it is a full pipe: the slave may have stopped
// reading it, and no log line is worth a verb that hangs.
class StandardError : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (is_full()) return;
    [[maybe_unused]] const bool written = write_all(STDERR_FILENO, {line.data(), line.size()});
  }
  // A poll() that fails, for example for lack of memory, proves nothing. The line is then written.
  static bool is_full() {
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    int ready = -1;
    constexpr int tries = 3;
    for (int i = 0; i < tries && ready < 0; ++i) ready = ::poll(&room, 1, 0);
    return ready == 0;
  }
  void flush_() override {}
};

bool is_trusted(uid_t owner) { return owner == 0 || owner == ::geteuid(); }

Failure failure(const std::string& path, const char* why) {
  return {Fault::refused, "cannot log to " + path + ": " + why};
}

// Opens a file for appending, and makes it for its owner alone. Another user who prepares a link or
// a file in its place must not lead us elsewhere.
Result<Fd> open_log(const std::string& path) {
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  std::error_code ignored;
  auto place = path;
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0 && S_ISLNK(found.st_mode)) {
    if (!is_trusted(found.st_uid))
      return failure(path, "the link belongs to another user; choose another file");
    // The kernel's own links, such as /dev/stderr, have no path behind them.
    auto real = std::filesystem::canonical(path, ignored);
    if (ignored) {
      Fd special(::open(path.c_str(), flags & ~O_CREAT));
      if (!special.valid()) return failure(path, std::strerror(errno));
      return special;
    }
    place = real;
  }
  Fd file(::open(place.c_str(), flags | O_NOFOLLOW, 0600));
  if (!file.valid() || ::fstat(file.get(), &found) != 0) return failure(path, std::strerror(errno));
  if (!is_trusted(found.st_uid))
    return failure(path, "it belongs to another user; choose another file");
  if (S_ISREG(found.st_mode) && found.st_nlink != 1)
    return failure(path, "it has a second hard link; remove that link, or choose another file");
  return file;
}

// The file of the operator. When it was renamed or removed, as a rotation does, the next line goes
// to a new file.
class LogFile : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LogFile(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (is_rotated()) {
      // If that fails, the old file is better than none.
      auto opened = open_log(path_);
      if (opened.ok()) file_ = std::move(opened.value());
    }
    [[maybe_unused]] const bool written = write_all(file_.get(), {line.data(), line.size()});
  }
  bool is_rotated() const {
    struct stat ours {};
    struct stat now {};
    if (::fstat(file_.get(), &ours) != 0 || !S_ISREG(ours.st_mode)) return false;
    if (::stat(path_.c_str(), &now) != 0) return errno == ENOENT;
    return now.st_dev != ours.st_dev || now.st_ino != ours.st_ino;
  }
  void flush_() override {}
  std::string path_;
  Fd file_;
};

// systemd's journal. A line has its priority, and the container that the second word of `who`
// names.
class Journal : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Journal(const std::string& who)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const auto space = who.find(' ');
    if (space != std::string::npos) container_ = "CONTAINER_ID=" + who.substr(space + 1) + "\n";
    set_pattern("[%n] %v");
  }
  static constexpr const char* path = "/run/systemd/journal/socket";

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // The line ends itself.
    const auto entry =
        formatted("PRIORITY={}\nSYSLOG_IDENTIFIER=docker-containerizer\n{}MESSAGE={}",
                  priority_of(message.level), container_, fmt::to_string(line));
    sockaddr_un journal{};
    journal.sun_family = AF_UNIX;
    std::strncpy(journal.sun_path, path, sizeof journal.sun_path - 1);
    // A journal that is full or gone loses the line: no line is worth a verb that hangs.
    ::sendto(socket_.get(), entry.data(), entry.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&journal), sizeof journal);
  }
  static int priority_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::debug:
        return LOG_DEBUG;
      case spdlog::level::info:
        return LOG_INFO;
      case spdlog::level::warn:
        return LOG_WARNING;
      default:
        return LOG_ERR;
    }
  }
  void flush_() override {}
  Fd socket_;
  std::string container_;
};

std::unique_ptr<spdlog::logger>& logger() {
  static std::unique_ptr<spdlog::logger> instance;
  return instance;
}

}  // namespace

Status start(const std::string& who, Level level, const std::string& destination) {
  constexpr const char* pattern = "%Y-%m-%d %H:%M:%S.%e %L [%n] %v";
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<StandardError>()};
  sinks.front()->set_pattern(pattern);
  Status opened = Done{};
  if (destination == "syslog") {
    // Syslog adds the time itself.
    auto sink = std::make_shared<spdlog::sinks::syslog_sink_st>("docker-containerizer", LOG_PID,
                                                                LOG_DAEMON, true);
    sink->set_pattern("[%n] %v");
    sinks.push_back(std::move(sink));
  } else if (destination == "journald") {
    if (::access(Journal::path, W_OK) != 0) opened = failure(Journal::path, std::strerror(errno));
    sinks.push_back(std::make_shared<Journal>(one_line(who, longest_name)));
  } else if (!destination.empty()) {
    auto file = open_log(destination);
    if (file.ok()) {
      sinks.push_back(std::make_shared<LogFile>(destination, std::move(file.value())));
      sinks.back()->set_pattern(pattern);
    } else {
      opened = file.failure();
    }
  }
  logger() =
      std::make_unique<spdlog::logger>(one_line(who, longest_name), sinks.begin(), sinks.end());
  logger()->set_level(spdlog_level(level));
  logger()->flush_on(spdlog::level::trace);
  return opened;
}

void start_on_stderr(const std::string& who) {
  [[maybe_unused]] auto done = start(who, Level::info, "");
}

// Lines contain text from others: IDs, and messages of the daemon. It must not forge further lines,
// and it must not fill a disk.
void write(Level level, const std::string& line) {
  if (logger()) logger()->log(spdlog_level(level), one_line(line, longest_line));
}

void write_for_operator(Level level, const std::string& line) {
  if (!wants(level) || logger()->sinks().size() < 2) return;
  const auto text = one_line(line, longest_line);
  logger()->sinks().back()->log(
      spdlog::details::log_msg(logger()->name(), spdlog_level(level), text));
}

bool wants(Level level) { return logger() && logger()->should_log(spdlog_level(level)); }

}  // namespace containerizer::log
