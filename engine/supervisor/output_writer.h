// Writes the bytes of an OutputBuffer to the files `stdout` and `stderr` of a sandbox, and rotates
// these files. A disk that hangs blocks run(), so a Worker calls it. No other code touches the
// sandbox for a container's output.
//
// The slave, mesos-executor and the log append to the same files. So the size of a file does not
// show how much of the output it contains, and a successor compares the bytes themselves.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "engine/config/settings.h"
#include "engine/supervisor/output_buffer.h"
#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

class OutputWriter {
 public:
  OutputWriter(std::shared_ptr<OutputBuffer> buffer, std::string sandbox, OutputLimits limits);

  // Writes until the buffer is empty or a write fails. First completes the write that a dead
  // process may have left unfinished. One thread at a time.
  void run();

  // --- For any thread

  // The failure that ended the last run. refused: the sandbox is gone, and the bytes are lost.
  std::optional<Failure> failure() const;
  // The next run that empties the buffer synchronizes the files with the disk.
  void ask_for_sync() { sync_asked_ = true; }
  bool is_synced() const { return synced_; }

 private:
  struct File {
    Fd fd;
    bool is_checked = false;  // for an unfinished write of a dead process
  };

  Status write_all_of(OutputStream stream);
  Status open(OutputStream stream);
  Status write_some(OutputStream stream);
  std::size_t length_there(OutputStream stream, OutputBuffer::Write write);
  void rotate_if_full(OutputStream stream);
  Status sync();
  File& file(OutputStream stream) { return files_[stream == OutputStream::out ? 0 : 1]; }

  std::shared_ptr<OutputBuffer> buffer_;
  std::string sandbox_;
  OutputLimits limits_;
  std::array<File, OutputBuffer::stream_count> files_;
  std::atomic<bool> sync_asked_ = false;
  std::atomic<bool> synced_ = false;
  mutable std::mutex mutex_;
  std::optional<Failure> failure_;  // guarded by mutex_
};

// What a stream's file in the sandbox ends with, and when it was written, in milliseconds since
// 1970.
struct CopiedEnd {
  std::string bytes;
  std::int64_t written_at = 0;
};
// Reads at most the last `most` bytes. Empty if there is no such file.
std::optional<CopiedEnd> end_of_copy(const std::string& sandbox, OutputStream stream,
                                     std::size_t most);

// Returns how many of the first `bytes` a file already contains, after a write of them at its end
// that may be incomplete. `there` is the file's content from `position`, its size before the write,
// on. An incomplete write ends at the end of a page or of the file. Pure.
std::size_t length_written(std::string_view bytes, std::string_view there, std::uint64_t position);

}  // namespace containerizer
