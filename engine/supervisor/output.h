// Copies a container's output into its sandbox, exactly once.
//
// The daemon keeps the output; where the copy stands is kept in a small cursor file that is written
// before each write to the sandbox, and says what is about to be appended where. Whoever resumes
// after a crash finds in the sandbox how much of that got there. A cursor is made for crashes of
// processes: after one of the host, a few last lines can be doubled or missing.
//
// Others append to the same files (the slave, mesos-executor): no position in them is ours alone,
// which is why the bytes themselves are compared.
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
  // `cursor_path` is created when it is not there. Opens nothing before the first use.
  OutputCopy(std::string sandbox, std::string cursor_path);

  // Goes back to what the cursor file says. The next entries must come from an output that begins
  // at the returned timestamp ("" for the very beginning).
  Result<std::string> resume();

  // Takes the next entry, skipping what has been copied; writes when enough has gathered.
  // unavailable: the sandbox cannot be written; refused: there is none; conflict: the task itself
  // has made the file one that cannot be written. resume() before going on.
  Status take(const OutputEntry& entry);

  // Writes what has gathered.
  Status flush();

  // The same at the end of all output, when nothing that was begun can become more complete.
  Status finish();

 private:
  // Where the copy of one stream stands, as in the cursor file.
  struct Position {
    std::array<char, 40> timestamp;  // of the last entry copied, zero-terminated
    std::uint64_t at_timestamp;      // how many entries of that timestamp have been copied
    std::uint64_t entries;           // how many in all
    std::uint64_t batch_start;       // size of the file before the write that was begun last
    std::uint64_t batch_length;      // bytes of that write
    std::uint64_t batch_entries;     // 0: none was begun
  };
  struct Cursor {
    std::uint64_t magic;
    // 0 once timestamps went backwards: then only counting from the beginning finds the place.
    std::uint64_t ascending;
    // No entry before this one is needed by whoever resumes.
    std::array<char, 40> since;
    std::array<Position, 2> streams;
  };
  struct Stream {
    Fd file;
    std::string gathered;
    Position after{};  // the position once `gathered` is written
    std::uint64_t gathered_entries = 0;
    bool catching_up = false;   // no entry has been seen yet that was not copied before
    std::uint64_t to_skip = 0;  // entries of the cursor's timestamp (or in all) that were copied
    bool recovering = false;    // the batch that was begun last is being gathered again
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
