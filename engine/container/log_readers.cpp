#include "engine/container/log_readers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <utility>

#include "host/fd.h"
#include "host/file.h"
#include "host/format.h"
#include "host/log.h"
#include "host/process.h"
#include "host/text.h"

namespace containerizer {
namespace {

constexpr std::time_t a_day = 86'400;

// "sqlite3 (PID 7)", …. Our own processes keep the database open for milliseconds only.
std::string holders_of(const std::string& file) {
  std::string all;
  pid_t last = 0;
  for (const auto& [process, descriptor] : openings_of(file)) {
    if (process.pid == std::exchange(last, process.pid)) continue;
    const auto directory = "/proc/" + std::to_string(process.pid);
    std::error_code hidden;
    if (std::filesystem::read_symlink(directory + "/exe", hidden) == own_program()) continue;
    const auto name = one_line(read_small_file(directory + "/comm").value_or(""));
    all += formatted("{}{} (PID {})", all.empty() ? "" : ", ", name, process.pid);
  }
  return all.empty() ? "an unknown program" : all;
}

// Whether no process has reported within a day. The time of an empty file is the record.
bool is_due(const std::string& record) {
  struct stat found {};
  if (::stat(record.c_str(), &found) == 0 && std::time(nullptr) - found.st_mtime < a_day) {
    return false;
  }
  ::unlink(record.c_str());
  return Fd(::open(record.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)).valid();
}

}  // namespace

void report_readers(const std::string& state_directory) {
  if (!is_due(state_directory + "/log-reported")) return;
  log::warn(
      "the write-ahead log {}/state.db-wal cannot be emptied and keeps growing, because a read "
      "transaction is open: {}; end that transaction",
      state_directory, holders_of(state_directory + "/state.db"));
}

}  // namespace containerizer
