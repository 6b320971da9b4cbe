#include "host/log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
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
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&room, 1, 0) != 1) return;
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
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
  } else {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  }
  Fd file(::open(place.c_str(), flags | O_NOFOLLOW, 0600));
  if (!file.valid() || ::fstat(file.get(), &found) != 0) return failure(path, std::strerror(errno));
  if (!is_trusted(found.st_uid))
    return failure(path, "it belongs to another user; choose another file");
  if (S_ISREG(found.st_mode) && found.st_nlink != 1)
    return failure(path, "it has a second hard link; remove that link, or choose another file");
  return file;
}

class LogFile : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit LogFile(Fd file) : file_(std::move(file)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    [[maybe_unused]] const bool written = write_all(file_.get(), {line.data(), line.size()});
  }
  void flush_() override {}
  Fd file_;
};

std::unique_ptr<spdlog::logger>& logger() {
  static std::unique_ptr<spdlog::logger> instance;
  return instance;
}

}  // namespace

Status start(const std::string& who, Level level, const std::string& destination) {
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<StandardError>()};
  Status opened = Done{};
  if (destination == "syslog") {
    sinks.push_back(std::make_shared<spdlog::sinks::syslog_sink_st>("docker-containerizer", LOG_PID,
                                                                    LOG_DAEMON, true));
  } else if (!destination.empty()) {
    auto file = open_log(destination);
    if (file.ok()) {
      sinks.push_back(std::make_shared<LogFile>(std::move(file.value())));
    } else {
      opened = file.failure();
    }
  }
  logger() =
      std::make_unique<spdlog::logger>(one_line(who, longest_name), sinks.begin(), sinks.end());
  logger()->set_level(spdlog_level(level));
  logger()->flush_on(spdlog::level::trace);
  logger()->set_pattern("%Y-%m-%d %H:%M:%S.%e %L [%n] %v");
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

bool wants(Level level) { return logger() && logger()->should_log(spdlog_level(level)); }

}  // namespace containerizer::log
