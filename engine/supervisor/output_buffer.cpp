#include "engine/supervisor/output_buffer.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "host/fd.h"
#include "host/format.h"

namespace containerizer {
namespace {

constexpr std::uint64_t magic = 0x32676e6952744f44;  // "DOtRing2"

std::size_t index_of(OutputStream stream) { return stream == OutputStream::out ? 0 : 1; }

}  // namespace

OutputBuffer::OutputBuffer(const std::string& path, const std::string& boot) {
  if (!map_file(path)) {
    trouble_ = formatted("cannot use {}: {}", path, std::strerror(errno));
    map_memory();
  }
  std::array<char, 40> name{};
  std::copy_n(boot.begin(), std::min(boot.size(), name.size() - 1), name.begin());
  const bool is_ours = content_->magic == magic;
  is_of_other_boot_ = is_ours && content_->boot != name;
  if (is_ours && !is_of_other_boot_) return;
  content_->magic = 0;
  for (auto& one : content_->rings) new (&one) Ring{};
  content_->boot = name;
  content_->magic = magic;
}

OutputBuffer::~OutputBuffer() { ::munmap(content_, sizeof(Content)); }

// All of the file's blocks are allocated first: a write into a mapped hole on a full disk is a
// SIGBUS.
bool OutputBuffer::map_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return false;
  const int error = ::posix_fallocate(file.get(), 0, sizeof(Content));
  if (error != 0) {
    errno = error;
    return false;
  }
  void* mapped =
      ::mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) return false;
  content_ = static_cast<Content*>(mapped);
  return true;
}

void OutputBuffer::map_memory() {
  void* mapped =
      ::mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  content_ = static_cast<Content*>(mapped);
}

OutputBuffer::Ring& OutputBuffer::ring(OutputStream stream) const {
  return content_->rings[index_of(stream)];
}

char* OutputBuffer::bytes(OutputStream stream) const {
  return content_->bytes[index_of(stream)].data();
}

std::size_t OutputBuffer::room(OutputStream stream) const {
  const auto& one = ring(stream);
  return ring_size - static_cast<std::size_t>(one.put.load() - one.written.load());
}

void OutputBuffer::put(OutputStream stream, std::string_view text, std::int64_t now) {
  auto& one = ring(stream);
  const auto offset = one.put.load();
  mark(one, offset, now);
  one.last_put = now;
  const auto start = static_cast<std::size_t>(offset % ring_size);
  const auto first = std::min(text.size(), ring_size - start);
  std::copy_n(text.data(), first, bytes(stream) + start);
  std::copy(text.begin() + static_cast<long>(first), text.end(), bytes(stream));
  one.put.store(offset + text.size());
}

void OutputBuffer::mark(Ring& one, std::uint64_t offset, std::int64_t now) {
  if (one.marks_made > 0) {
    const auto& last = one.marks[(one.marks_made - 1) % mark_count];
    if (offset - last.offset < mark_distance) return;
  }
  one.marks[one.marks_made % mark_count] = {offset, now};
  ++one.marks_made;
}

bool OutputBuffer::is_written() const {
  return std::all_of(content_->rings.begin(), content_->rings.end(),
                     [](const Ring& one) { return one.put.load() == one.written.load(); });
}

std::uint64_t OutputBuffer::moved() const {
  std::uint64_t sum = 0;
  for (const auto& one : content_->rings) sum += one.put.load() + one.written.load();
  return sum;
}

OutputTail OutputBuffer::tail(OutputStream stream) const {
  const auto& one = ring(stream);
  const auto end = one.put.load();
  const auto length = std::min<std::uint64_t>(end, longest_tail);
  OutputTail tail;
  for (auto at = end - length; at < end; ++at) tail.bytes += bytes(stream)[at % ring_size];
  tail.last = one.last_put;
  tail.first = one.last_put;
  for (auto i = one.marks_made; i > 0 && i + mark_count > one.marks_made; --i) {
    const auto& known = one.marks[(i - 1) % mark_count];
    tail.first = known.time;
    if (known.offset <= end - length) break;
  }
  return tail;
}

void OutputBuffer::note_start(std::int64_t now) {
  for (auto& one : content_->rings) {
    if (one.put.load() == 0) one.last_put = now;
  }
}

void OutputBuffer::pretend(OutputStream stream, std::string_view text, std::int64_t when) {
  put(stream, text, when);
  ring(stream).written.store(ring(stream).put.load());
}

std::string_view OutputBuffer::unwritten(OutputStream stream, std::size_t most) const {
  const auto& one = ring(stream);
  const auto written = one.written.load();
  const auto start = static_cast<std::size_t>(written % ring_size);
  const auto there = static_cast<std::size_t>(one.put.load() - written);
  return {bytes(stream) + start, std::min({there, most, ring_size - start})};
}

OutputBuffer::Write OutputBuffer::write_under_way(OutputStream stream) const {
  const auto& one = ring(stream);
  return one.write_start.load() == one.written.load() ? one.write : Write{};
}

void OutputBuffer::start_write(OutputStream stream, Write write) {
  auto& one = ring(stream);
  one.write = write;
  one.write_start.store(one.written.load());
}

void OutputBuffer::end_write(OutputStream stream, std::size_t length) {
  auto& one = ring(stream);
  one.written.store(one.written.load() + length);
}

}  // namespace containerizer
