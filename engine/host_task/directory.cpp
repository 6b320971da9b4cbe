#include "engine/host_task/directory.h"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <ctime>
#include <sstream>

#include "host/file.h"
#include "host/format.h"

namespace containerizer {
namespace {

std::string now_as_rfc3339() {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  std::tm parts{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%FT%T", ::gmtime_r(&now.tv_sec, &parts));
  return formatted("{}.{:06}Z", text.data(), now.tv_usec);
}

}  // namespace

bool write_whole(const std::string& path, std::string_view content) {
  const auto unfinished = path + "-new";
  const Fd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  // Renamed only when it is complete: a process that is killed in between leaves no half file.
  return file.valid() && write_all(file.get(), content) &&
         ::rename(unfinished.c_str(), path.c_str()) == 0;
}

HostTaskDirectory::HostTaskDirectory(std::string path) : path_(std::move(path)) {}

std::optional<boost::json::object> HostTaskDirectory::spec() const {
  // As many bytes as the largest launch request has (largest_frame in proto/frame.h).
  constexpr std::size_t most = 64U << 20;
  const auto text = read_small_file(path_ + "/spec.json", most);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  return value.get_object();
}

bool HostTaskDirectory::may_have_started() const {
  return ::access((path_ + "/begun").c_str(), F_OK) == 0;
}

bool HostTaskDirectory::record_start() const {
  const auto path = path_ + "/begun";
  // O_EXCL: of all processes that try to start the program, exactly one succeeds.
  return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)).valid();
}

std::optional<ProcessId> HostTaskDirectory::process(const char* name) const {
  const auto text = read_small_file(path_ + "/" + name);
  if (!text) return std::nullopt;
  ProcessId id;
  std::istringstream fields(*text);
  if (!(fields >> id.pid >> id.start)) return std::nullopt;
  return id;
}

bool HostTaskDirectory::record_process(const char* name, const ProcessId& id) const {
  return write_whole(path_ + "/" + name, formatted("{} {}", id.pid, id.start));
}

std::optional<HostTaskEnd> HostTaskDirectory::end() const {
  const auto text = read_small_file(path_ + "/end");
  if (!text) return std::nullopt;
  HostTaskEnd ended;
  std::istringstream fields(*text);
  if (!(fields >> ended.status >> ended.finished_at)) return std::nullopt;
  return ended;
}

bool HostTaskDirectory::record_end(int status) const {
  return write_whole(path_ + "/end", formatted("{} {}", status, now_as_rfc3339()));
}

std::string HostTaskDirectory::failure() const {
  return read_small_file(path_ + "/failure").value_or("");
}

bool HostTaskDirectory::record_failure(const std::string& why) const {
  return write_whole(path_ + "/failure", why);
}

Result<LockFile> HostTaskDirectory::lock() const { return LockFile::open(path_ + "/lock"); }

}  // namespace containerizer
