#include "engine/host_task/directory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <ctime>
#include <sstream>

#include "host/file.h"

namespace containerizer {
namespace {

std::string now_as_rfc3339() {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  std::tm parts{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%FT%T", ::gmtime_r(&now.tv_sec, &parts));
  return fmt::format("{}.{:06}Z", text.data(), now.tv_usec);
}

}  // namespace

bool write_whole(const std::string& path, std::string_view content) {
  const auto unfinished = path + "-new";
  const Fd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  return file.valid() && write_all(file.get(), content) &&
         ::rename(unfinished.c_str(), path.c_str()) == 0;
}

HostTaskDirectory::HostTaskDirectory(std::string directory) : directory_(std::move(directory)) {}

std::optional<boost::json::object> HostTaskDirectory::spec() const {
  constexpr std::size_t most = 64U << 20;
  const auto text = read_small_file(directory_ + "/spec.json", most);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  return value.get_object();
}

bool HostTaskDirectory::has_begun() const {
  return ::access((directory_ + "/begun").c_str(), F_OK) == 0;
}

bool HostTaskDirectory::begin() const {
  const auto path = directory_ + "/begun";
  return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)).valid();
}

std::optional<ProcessId> HostTaskDirectory::process(const char* name) const {
  const auto text = read_small_file(directory_ + "/" + name);
  if (!text) return std::nullopt;
  ProcessId id;
  std::istringstream words(*text);
  if (!(words >> id.pid >> id.start)) return std::nullopt;
  return id;
}

bool HostTaskDirectory::note_process(const char* name, const ProcessId& id) const {
  return write_whole(directory_ + "/" + name, fmt::format("{} {}", id.pid, id.start));
}

std::optional<HostTaskEnd> HostTaskDirectory::end() const {
  const auto text = read_small_file(directory_ + "/end");
  if (!text) return std::nullopt;
  HostTaskEnd ended;
  std::istringstream words(*text);
  if (!(words >> ended.status >> ended.finished_at)) return std::nullopt;
  return ended;
}

bool HostTaskDirectory::note_end(int status) const {
  return write_whole(directory_ + "/end", fmt::format("{} {}", status, now_as_rfc3339()));
}

std::string HostTaskDirectory::failure() const {
  return read_small_file(directory_ + "/failure").value_or("");
}

bool HostTaskDirectory::note_failure(const std::string& why) const {
  return write_whole(directory_ + "/failure", why);
}

Result<LockFile> HostTaskDirectory::lock() const { return LockFile::open(directory_ + "/lock"); }

}  // namespace containerizer
