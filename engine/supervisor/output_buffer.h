// The output of a container on its way to the sandbox: a ring of bytes for each stream, in a file
// that is mapped into memory. The rings survive a SIGKILL of the supervisor, and its successor
// continues with them. A crash of the host empties them.
//
// One thread puts bytes in. One other thread takes them out.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/docker/docker.h"

namespace containerizer {

// The last bytes that were put in. A join finds them in the daemon's log.
struct OutputTail {
  std::string bytes;
  std::int64_t first = 0;  // when the first of them arrived, in milliseconds since 1970
  std::int64_t last = 0;   // when the last of them arrived
};

class OutputBuffer {
 public:
  static constexpr std::size_t stream_count = 2;
  static constexpr std::size_t ring_size = 131'072;
  static constexpr std::size_t longest_tail = 4096;

  // Opens the file at `path`, or creates it. `boot` is the id of the host's boot: a file of another
  // boot is emptied. If the file cannot be used, the rings are in memory, which no successor sees.
  OutputBuffer(const std::string& path, const std::string& boot);
  ~OutputBuffer();
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  // Why the buffer does not survive this process; "" if it does.
  const std::string& trouble() const { return trouble_; }
  // Whether the file was from another boot.
  bool is_of_other_boot() const { return is_of_other_boot_; }

  // --- For the thread that puts in

  std::size_t room(OutputStream stream) const;
  // `now` is the time in milliseconds since 1970. REQUIRES: there is room.
  void put(OutputStream stream, std::string_view bytes, std::int64_t now);
  // Whether all bytes are in the sandbox.
  bool is_written() const;
  // Grows with every byte that is put in or taken out.
  std::uint64_t moved() const;
  OutputTail tail(OutputStream stream) const;
  // No byte arrived before `now`. An empty tail has this time.
  void note_start(std::int64_t now);
  // Records `bytes` as put in and written, without writing them. REQUIRES: the buffer is empty.
  void pretend(OutputStream stream, std::string_view bytes, std::int64_t when);

  // --- For the thread that takes out

  // A write of the first bytes of unwritten() to the sandbox.
  struct Write {
    std::size_t length = 0;
    std::uint64_t position = 0;  // the size of the file before the write
  };
  // The next contiguous bytes, at most `most`. "" if all bytes are written.
  std::string_view unwritten(OutputStream stream, std::size_t most) const;
  // The write that was started and has not ended; a dead process may have left it. Its length is 0
  // if there is none.
  Write write_under_way(OutputStream stream) const;
  void start_write(OutputStream stream, Write write);
  // `length` bytes are in the sandbox, or lost.
  void end_write(OutputStream stream, std::size_t length);

 private:
  // When the bytes from `offset` on arrived.
  struct Mark {
    std::uint64_t offset;
    std::int64_t time;
  };
  static constexpr std::size_t mark_count = 32;
  static constexpr std::uint64_t mark_distance = 512;

  struct Ring {
    std::atomic<std::uint64_t> put;      // bytes that were put in so far
    std::atomic<std::uint64_t> written;  // how many of them are in the sandbox
    // The last write that was started. It has not ended while `written` equals `write_start`.
    Write write;
    std::atomic<std::uint64_t> write_start;
    std::int64_t last_put;
    std::uint64_t marks_made;
    std::array<Mark, mark_count> marks;
  };
  struct Content {
    std::uint64_t magic;
    std::array<char, 40> boot;
    std::array<Ring, stream_count> rings;
    std::array<std::array<char, ring_size>, stream_count> bytes;
  };

  bool map_file(const std::string& path);
  void map_memory();
  Ring& ring(OutputStream stream) const;
  char* bytes(OutputStream stream) const;
  void mark(Ring& ring, std::uint64_t offset, std::int64_t now);

  Content* content_ = nullptr;
  std::string trouble_;
  bool is_of_other_boot_ = false;
};

}  // namespace containerizer
