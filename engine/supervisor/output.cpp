#include "engine/supervisor/output.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "host/file.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

constexpr std::uint64_t cursor_magic = 0x31726f7372754344;  // "DCursor1"
constexpr std::size_t batch_size = 65'536;
// How far after its expected position a write is searched for. Other writers append little.
constexpr std::size_t search_window = 1 << 20;
constexpr std::size_t page_size = 4096;
constexpr std::array<const char*, 2> file_names{"stdout", "stderr"};

Failure failure(const std::string& what, const std::string& path) {
  // The task has made the file as large as a file can be.
  const auto fault = errno == EFBIG ? Fault::conflict : Fault::unavailable;
  return {fault, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

void put_text(std::array<char, 40>& field, const std::string& text) {
  std::fill(field.begin(), field.end(), '\0');
  std::copy_n(text.begin(), std::min(text.size(), field.size() - 1), field.begin());
}

// The RFC 3339 timestamp (UTC), `seconds` earlier; "" if it is not one.
std::string seconds_before(const std::string& timestamp, int seconds) {
  std::tm parts{};
  const char* rest = ::strptime(timestamp.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return "";
  const std::time_t earlier = ::timegm(&parts) - seconds;
  ::gmtime_r(&earlier, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return text.data() + std::string(rest);
}

std::string read_from(int file, std::uint64_t offset, std::size_t most) {
  std::string bytes(most, '\0');
  const auto got = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace

OutputCopy::OutputCopy(std::string sandbox, std::string cursor_path)
    : sandbox_(std::move(sandbox)), cursor_path_(std::move(cursor_path)) {}

Status OutputCopy::open_files() {
  if (!cursor_file_.valid()) {
    cursor_file_ =
        Fd(::open(cursor_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!cursor_file_.valid()) return failure("open", cursor_path_);
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    struct stat found {};
    auto& file = streams_[i].file;
    if (file.valid() && ::fstat(file.get(), &found) == 0 && found.st_nlink > 0) continue;
    auto opened = open_sandbox_file(sandbox_, file_names[i]);
    if (!opened.ok()) {
      struct stat entry {};
      const auto path = sandbox_ + "/" + file_names[i];
      const bool gone = ::access(sandbox_.c_str(), F_OK) != 0 && errno == ENOENT;
      // The task has made a directory of it.
      const bool planted = ::lstat(path.c_str(), &entry) == 0 && S_ISDIR(entry.st_mode);
      const auto fault = gone ? Fault::refused : planted ? Fault::conflict : Fault::unavailable;
      return Failure{fault, opened.failure().text};
    }
    file = std::move(opened.value());
  }
  return Done{};
}

Result<std::string> OutputCopy::resume() {
  auto opened = open_files();
  if (!opened.ok()) return opened.failure();
  const auto got = ::pread(cursor_file_.get(), &cursor_, sizeof cursor_, 0);
  if (got != sizeof cursor_ || cursor_.magic != cursor_magic) {
    cursor_ = {};
    cursor_.magic = cursor_magic;
    cursor_.ascending = 1;
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    auto& stream = streams_[i];
    const auto& position = cursor_.streams[i];
    stream.gathered.clear();
    stream.gathered_entries = 0;
    stream.catching_up = true;
    stream.after = position;
    stream.recovering = position.batch_entries > 0;
    stream.to_skip = cursor_.ascending != 0 ? position.at_timestamp : position.entries;
  }
  return cursor_.ascending != 0 ? std::string(cursor_.since.data()) : std::string();
}

// With ascending timestamps, only two kinds of entries come again: those with the last timestamp,
// and earlier ones that the other stream needs.
bool OutputCopy::skip(std::size_t index, const OutputEntry& entry) {
  auto& stream = streams_[index];
  if (!stream.catching_up) return false;
  const bool ascending = cursor_.ascending != 0;
  const std::string_view last(cursor_.streams[index].timestamp.data());
  if (ascending && entry.timestamp < last) return true;
  if (stream.to_skip > 0 && (!ascending || entry.timestamp == last)) {
    --stream.to_skip;
    return true;
  }
  stream.catching_up = false;
  return false;
}

Status OutputCopy::take(const OutputEntry& entry) {
  const std::size_t index = entry.stream == OutputEntry::Stream::out ? 0 : 1;
  auto& stream = streams_[index];
  if (skip(index, entry)) return Done{};

  auto& after = stream.after;
  const std::string_view previous(after.timestamp.data());
  if (entry.timestamp < previous) cursor_.ascending = 0;
  after.at_timestamp = entry.timestamp == previous ? after.at_timestamp + 1 : 1;
  ++after.entries;
  put_text(after.timestamp, entry.timestamp);

  stream.gathered += entry.bytes;
  ++stream.gathered_entries;
  const bool whole_batch = stream.recovering
                               ? stream.gathered_entries == cursor_.streams[index].batch_entries
                               : stream.gathered.size() >= batch_size;
  return whole_batch ? append(index) : Done{};
}

Status OutputCopy::flush() {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    // A batch that is being recovered is complete only when all its entries have arrived again.
    if (streams_[i].gathered_entries == 0 || streams_[i].recovering) continue;
    auto done = append(i);
    if (!done.ok()) return done;
  }
  return Done{};
}

Status OutputCopy::finish() {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].gathered_entries == 0) continue;
    auto done = append(i);
    if (!done.ok()) return done;
  }
  return Done{};
}

Status OutputCopy::append(std::size_t index) {
  auto opened = open_files();
  if (!opened.ok()) return opened;
  auto& stream = streams_[index];
  std::string_view rest = stream.gathered;
  if (stream.recovering) rest = missing_part(index, stream.gathered);
  stream.recovering = false;
  auto written = rest.empty() ? Done{} : write_batch(index, rest);
  if (!written.ok()) return written;
  // The next save() records this, when it announces the next batch.
  cursor_.streams[index] = stream.after;
  cursor_.streams[index].batch_entries = 0;
  stream.gathered.clear();
  stream.gathered_entries = 0;
  return Done{};
}

// Announces the batch in the cursor file, then appends it. The recorded position stays before the
// batch, so a successor reads the batch again.
Status OutputCopy::write_batch(std::size_t index, std::string_view bytes) {
  auto& stream = streams_[index];
  auto& position = cursor_.streams[index];
  struct stat found {};
  if (::fstat(stream.file.get(), &found) != 0) return failure("examine", file_names[index]);
  position.batch_start =
      static_cast<std::uint64_t>(found.st_size) - (stream.gathered.size() - bytes.size());
  position.batch_length = stream.gathered.size();
  position.batch_entries = stream.gathered_entries;
  note_since(index);
  if (!save()) return failure("write", cursor_path_);
  if (write_all(stream.file.get(), bytes)) return Done{};
  return failure("write", sandbox_ + "/" + file_names[index]);
}

// The part of a batch that is not in the sandbox yet. Another process's write can come before ours,
// but not into the middle of it.
std::string_view OutputCopy::missing_part(std::size_t index, std::string_view batch) const {
  const auto& position = cursor_.streams[index];
  const auto there =
      read_from(streams_[index].file.get(), position.batch_start, batch.size() + search_window);
  // After the other processes' writes, which end with a line.
  for (auto at = there.find(batch); at != std::string::npos; at = there.find(batch, at + 1)) {
    if (at == 0 || there[at - 1] == '\n') return {};
  }
  // The write of a killed process ends at the end of a page or of the file.
  const auto is_cut = [&](std::size_t length) {
    return (position.batch_start + length) % page_size == 0;
  };
  const auto places = std::mismatch(batch.begin(), batch.end(), there.begin(), there.end());
  const auto begun = static_cast<std::size_t>(places.first - batch.begin());
  if (begun == there.size() || (begun > 0 && is_cut(begun))) return batch.substr(begun);
  for (auto length = std::min(batch.size(), there.size()); is_cut(there.size()) && length > 0;
       --length) {
    const auto part = batch.substr(0, length);
    if (std::string_view(there).substr(there.size() - length) == part) return batch.substr(length);
  }
  return batch;
}

// A stream that has been silent for long must not make a successor read all output again. Its next
// entry can be a little older than the other stream's last one, because the daemon stamps both
// streams before it orders them.
void OutputCopy::note_since(std::size_t writing) {
  const auto& other = streams_[1 - writing];
  const std::string_view here(cursor_.streams[writing].timestamp.data());
  const std::string_view there(cursor_.streams[1 - writing].timestamp.data());
  const bool silent = other.gathered_entries == 0 && !other.recovering;
  std::string since(std::min(here, there));
  if (silent) since = std::max(since, seconds_before(std::string(here), 10));
  put_text(cursor_.since, since);
}

bool OutputCopy::save() {
  return ::pwrite(cursor_file_.get(), &cursor_, sizeof cursor_, 0) == sizeof cursor_;
}

}  // namespace containerizer
