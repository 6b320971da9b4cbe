#include "engine/supervisor/output_writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "host/format.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

constexpr std::size_t largest_write = 65'536;
// Others append little in between.
constexpr std::size_t search_window = 1 << 20;
constexpr std::size_t page_size = 4096;

const char* name_of(OutputStream stream) {
  return stream == OutputStream::out ? "stdout" : "stderr";
}

std::string read_from(const Fd& file, std::uint64_t offset, std::size_t most) {
  std::string bytes(most, '\0');
  const auto got = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

// The log of this process goes to the sandbox's stderr, too, which has moved on.
void move_standard_error(const Fd& last, const Fd& next) {
  struct stat ours {};
  struct stat moved {};
  if (::fstat(STDERR_FILENO, &ours) != 0 || ::fstat(last.get(), &moved) != 0) return;
  if (ours.st_dev != moved.st_dev || ours.st_ino != moved.st_ino) return;
  ::dup2(next.get(), STDERR_FILENO);
}

}  // namespace

std::optional<CopiedEnd> end_of_copy(const std::string& sandbox, OutputStream stream,
                                     std::size_t most) {
  const auto file = open_sandbox_file(sandbox, name_of(stream));
  struct stat found {};
  if (!file.ok() || ::fstat(file.value().get(), &found) != 0) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(found.st_size);
  const auto wanted = std::min<std::uint64_t>(size, most);
  return CopiedEnd{read_from(file.value(), size - wanted, wanted),
                   found.st_mtim.tv_sec * 1'000 + found.st_mtim.tv_nsec / 1'000'000};
}

std::size_t length_written(std::string_view bytes, std::string_view there, std::uint64_t position) {
  // Behind what others wrote in between, which ends with a line.
  for (auto at = there.find(bytes); at != there.npos; at = there.find(bytes, at + 1)) {
    if (at == 0 || there[at - 1] == '\n') return bytes.size();
  }
  const auto is_cut = [&](std::size_t length) { return (position + length) % page_size == 0; };
  const auto ends = std::mismatch(bytes.begin(), bytes.end(), there.begin(), there.end());
  const auto common = static_cast<std::size_t>(ends.first - bytes.begin());
  if (common == there.size() || (common > 0 && is_cut(common))) return common;
  if (!is_cut(there.size())) return 0;
  for (auto length = std::min(bytes.size(), there.size()); length > 0; --length) {
    if (there.ends_with(bytes.substr(0, length))) return length;
  }
  return 0;
}

OutputWriter::OutputWriter(std::shared_ptr<OutputBuffer> buffer, std::string sandbox,
                           OutputLimits limits)
    : buffer_(std::move(buffer)), sandbox_(std::move(sandbox)), limits_(limits) {}

std::optional<Failure> OutputWriter::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void OutputWriter::run() {
  std::optional<Failure> failure;
  for (const auto stream : {OutputStream::out, OutputStream::err}) {
    const auto written = write_all_of(stream);
    if (!written.ok()) failure = written.failure();
  }
  if (!failure && sync_asked_) {
    const auto synced = sync();
    if (!synced.ok()) failure = synced.failure();
  }
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
}

Status OutputWriter::write_all_of(OutputStream stream) {
  while (!buffer_->unwritten(stream, 1).empty()) {
    auto done = open(stream);
    if (done.ok()) done = write_some(stream);
    if (done.ok()) continue;
    if (done.failed_with(Fault::refused)) {
      buffer_->end_write(stream, buffer_->unwritten(stream, OutputBuffer::ring_size).size());
    }
    return done;
  }
  return Done{};
}

// Opens the file, again when somebody has removed it.
Status OutputWriter::open(OutputStream stream) {
  auto& one = file(stream);
  struct stat found {};
  if (one.fd.valid() && ::fstat(one.fd.get(), &found) == 0 && found.st_nlink > 0) return Done{};
  auto opened = open_sandbox_file(sandbox_, name_of(stream));
  if (!opened.ok()) {
    struct stat entry {};
    const auto path = sandbox_ + "/" + name_of(stream);
    const bool gone = ::access(sandbox_.c_str(), F_OK) != 0 && errno == ENOENT;
    // The task has made a directory of it.
    const bool planted = ::lstat(path.c_str(), &entry) == 0 && S_ISDIR(entry.st_mode);
    const auto fault = gone ? Fault::refused : planted ? Fault::conflict : Fault::unavailable;
    return Failure{fault, opened.failure().text};
  }
  one.fd = std::move(opened.value());
  return Done{};
}

// One write, which is announced first. Its end is where the file's position is then, wherever
// others have written meanwhile.
Status OutputWriter::write_some(OutputStream stream) {
  auto& one = file(stream);
  if (!std::exchange(one.is_checked, true)) {
    const auto left = buffer_->write_under_way(stream);
    if (left.length > 0) {
      buffer_->end_write(stream, length_there(stream, left));
      return Done{};
    }
  }
  const auto bytes = buffer_->unwritten(stream, largest_write);
  struct stat found {};
  if (::fstat(one.fd.get(), &found) != 0) found.st_size = 0;
  buffer_->start_write(stream, {bytes.size(), static_cast<std::uint64_t>(found.st_size)});
  const auto written = ::write(one.fd.get(), bytes.data(), bytes.size());
  if (written < 0) {
    // EFBIG: the task has made the file as large as a file can be.
    const auto fault = errno == EFBIG ? Fault::conflict : Fault::unavailable;
    return Failure{fault, formatted("cannot write {}/{}: {}", sandbox_, name_of(stream),
                                    std::strerror(errno))};
  }
  buffer_->end_write(stream, static_cast<std::size_t>(written));
  rotate_if_full(stream);
  return Done{};
}

// How much of a write that a dead process left is in the file.
std::size_t OutputWriter::length_there(OutputStream stream, OutputBuffer::Write write) {
  const auto bytes = buffer_->unwritten(stream, write.length);
  const auto there = read_from(file(stream).fd, write.position, bytes.size() + search_window);
  return length_written(bytes, there, write.position);
}

void OutputWriter::rotate_if_full(OutputStream stream) {
  if (limits_.size == 0) return;
  const auto size = ::lseek(file(stream).fd.get(), 0, SEEK_CUR);
  if (static_cast<std::uint64_t>(size) < limits_.size) return;
  const Fd last = std::move(file(stream).fd);
  rotate_sandbox_file(sandbox_, name_of(stream), limits_.files);
  if (stream == OutputStream::err && open(stream).ok()) {
    move_standard_error(last, file(stream).fd);
  }
}

Status OutputWriter::sync() {
  for (const auto stream : {OutputStream::out, OutputStream::err}) {
    auto opened = open(stream);
    if (opened.failed_with(Fault::refused)) break;
    if (!opened.ok()) return opened;
    if (::fsync(file(stream).fd.get()) == 0) continue;
    return Failure{Fault::unavailable, formatted("cannot synchronize {}/{}: {}", sandbox_,
                                                 name_of(stream), std::strerror(errno))};
  }
  synced_ = true;
  return Done{};
}

}  // namespace containerizer
