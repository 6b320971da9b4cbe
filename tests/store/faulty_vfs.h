// A SQLite VFS between SQLite and the file system, for what file systems do on bad days. While one
// lives it is the process's default VFS, so that the product's own code runs on it unchanged. What
// happens to each call is decided by a Disk. Nothing is ever synchronized for real.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace containerizer::store {

// A call of SQLite's to its file system.
struct FileCall {
  enum class Kind { open, read, write, truncate, sync, size, remove, exists, lock, map };
  Kind kind = Kind::read;
  std::string path;
  const char* data = nullptr;      // write
  int bytes = 0;                   // write
  std::int64_t offset = 0;         // write; truncate: the new size
  bool creates = false;            // open
  bool settles_directory = false;  // sync, remove: the directory is synchronized with it
  bool changes_something() const;  // on the disk
};

class Disk {
 public:
  virtual ~Disk() = default;
  // Asked before each call. SQLITE_OK lets it happen; with any other code it fails. Of a write that
  // fails, the first `call.bytes` (set to 0 before) happen all the same.
  virtual int before(FileCall& call) = 0;
};

class FaultyVfs {
 public:
  // REQUIRES: no other FaultyVfs lives in this process.
  explicit FaultyVfs(Disk& disk);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;
};

// A disk that only forgets to synchronize.
class SoundDisk : public Disk {
 public:
  int before(FileCall& /*call*/) override { return SQLITE_OK; }
};

// Fails the nth call from now on: that one alone, or all from there until it is mended.
class FailingDisk : public Disk {
 public:
  enum class Trouble {
    io_error,     // any call
    full,         // a write: nothing of it happens
    short_write,  // a write: half of it happens
  };
  enum class Lasts { once, until_mended };

  FailingDisk(Trouble trouble, Lasts lasts) : trouble_(trouble), lasts_(lasts) {}
  int before(FileCall& call) override;

  void fail_at(int nth);
  void mend() { next_ = 0; }
  bool has_failed() const { return has_failed_; }

 private:
  bool counts(const FileCall& call) const;

  Trouble trouble_;
  Lasts lasts_;
  int next_ = 0;  // the call that fails, counted from now on; 0: none
  bool has_failed_ = false;
};

// Does something right before the nth change of the disk, such as killing the process.
class InterruptedDisk : public Disk {
 public:
  InterruptedDisk(int nth, std::function<void()> interruption)
      : left_(nth), interruption_(std::move(interruption)) {}
  int before(FileCall& call) override;

 private:
  int left_;
  std::function<void()> interruption_;
};

// Loses its power right before the nth change: from there on nothing happens any more, and of what
// was not synchronized any part may be lost. Files keep whole sectors; a file that was created or
// removed since its directory was synchronized may be there or not.
class PoweredDisk : public Disk {
 public:
  explicit PoweredDisk(int nth) : left_(nth) {}
  int before(FileCall& call) override;

  bool is_off() const { return left_ <= 0; }
  // Makes the files what they are found to be afterwards. Seed 0: whatever can be lost is; seed 1:
  // nothing is; else any part, by chance. Can be repeated.
  // REQUIRES: SQLite has closed them.
  void restart(unsigned seed);
  // Of a file that was renamed past SQLite; the new name is taken to be synchronized.
  void follow_rename(const std::string& from, const std::string& to);

 private:
  struct Change {
    bool is_truncation;
    std::int64_t offset;
    std::string data;
  };
  struct File {
    std::string synchronized;
    std::vector<Change> pending;
    bool has_settled_entry = true;
  };
  class Chance;

  void note(const FileCall& call);
  void note_open(const FileCall& call);
  void note_removal(const FileCall& call);
  void settle_directory();
  static void apply(std::string& content, const Change& change);
  static void apply_sectors(std::string& content, const Change& change, Chance& chance);
  static std::string survivor(const File& file, Chance& chance);

  int left_;
  std::map<std::string, File> files_;
  std::map<std::string, File> removed_;  // since the directory was synchronized
  std::set<std::string> names_;          // of all files that there were
};

}  // namespace containerizer::store
