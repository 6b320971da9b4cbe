// Writes what is in an OutputBuffer to the files `stdout` and `stderr` of a sandbox, and rotates
// these. All that touches the sandbox for a container's output is here: a disk that hangs blocks
// run(), which is why a Worker calls it.
//
// Others append to the same files (the slave, mesos-executor, the log): no position in them is ours
// alone, so the bytes themselves are compared.
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

  // Writes what is in the buffer, until it is empty or a write fails. First it completes a write
  // that a dead process left under way. One thread at a time.
  void run();

  // --- For any thread

  // The failure that ended the last run. refused: the sandbox is gone, and the bytes with it.
  std::optional<Failure> failure() const;
  // The next run that empties the buffer synchronizes the files with the disk.
  void ask_for_sync() { sync_asked_ = true; }
  bool is_synced() const { return synced_; }

 private:
  struct File {
    Fd fd;
    bool is_checked = false;  // for a write that a dead process left
  };

  Status write_all_of(OutputStream stream);
  Status open(OutputStream stream);
  Status write_some(OutputStream stream);
  std::size_t length_there(OutputStream stream, OutputBuffer::Write write);
  void rotate_if_full(OutputStream stream, std::uint64_t size);
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

// How many bytes at the front of `bytes` a file contains already, when a write of them was started
// at its end and may have been cut. `there` is the file's content from that end on, and `position`
// says where that is: a write that is cut ends with a page of the file, or with the file. Pure.
std::size_t length_written(std::string_view bytes, std::string_view there, std::uint64_t position);

}  // namespace containerizer
