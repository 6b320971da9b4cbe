// Copies a container's output into its sandbox, exactly once.
//
// The daemon's log has the output. A small cursor file records the position of the copy. Before
// each write to the sandbox, the cursor announces the write. After a crash, the successor compares
// the sandbox with the announcement and finds how much was written. A crash of the host can lose
// the cursor: a few last lines can then be doubled or missing.
//
// The slave and mesos-executor append to the same files. So a position in a file does not identify
// our output, and the successor compares the bytes themselves.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/docker/docker.h"
#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

class OutputCopy {
 public:
  // The file at `cursor_path` is created if it does not exist. Opens nothing before the first use.
  OutputCopy(std::string sandbox, std::string cursor_path);

  // Returns to the position in the cursor file. The next entries must come from a stream that
  // starts at the returned timestamp ("" for the start of the log).
  Result<std::string> resume();

  // Adds the next entry, unless it has been copied already. Writes when a batch is full.
  // unavailable: the sandbox cannot be written. refused: the sandbox does not exist. conflict: the
  // task has replaced the file by one that cannot be written. After a failure, call resume() first.
  Status take(const OutputEntry& entry);

  // Writes the gathered entries.
  Status flush();

  // The same at the end of the output: also writes a batch that is still incomplete.
  Status finish();

 private:
  // The position of one stream's copy, as in the cursor file.
  struct Position {
    std::array<char, 40> timestamp;  // of the last entry copied, zero-terminated
    std::uint64_t at_timestamp;      // how many entries with that timestamp were copied
    std::uint64_t entries;           // how many entries in total
    std::uint64_t batch_start;       // size of the file before the last write
    std::uint64_t batch_length;      // bytes of that write
    std::uint64_t batch_entries;     // 0: no write was started
  };
  struct Cursor {
    std::uint64_t magic;
    // 0 after timestamps went backwards: then only counting from the start finds the position.
    std::uint64_t ascending;
    // The successor needs no entry before this timestamp.
    std::array<char, 40> since;
    std::array<Position, 2> streams;
  };
  struct Stream {
    Fd file;
    std::string gathered;
    Position after{};  // the position once `gathered` is written
    std::uint64_t gathered_entries = 0;
    bool catching_up = false;   // all entries so far had been copied before
    std::uint64_t to_skip = 0;  // copied entries with the cursor's timestamp (or in total)
    bool recovering = false;    // the last batch is being gathered again
  };

  Status open_files();
  Status append(std::size_t index);
  Status write_batch(std::size_t index, std::string_view bytes);
  std::string_view missing_part(std::size_t index, std::string_view batch) const;
  bool save();
  void note_since(std::size_t writing);
  bool skip(std::size_t index, const OutputEntry& entry);

  std::string sandbox_;
  std::string cursor_path_;
  Fd cursor_file_;
  Cursor cursor_{};
  std::array<Stream, 2> streams_;
};

}  // namespace containerizer
