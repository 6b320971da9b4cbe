// A VFS between SQLite and the file system, which simulates failures of the file system. While it
// exists, it is the process's default VFS, so the product's own code uses it unchanged. A Disk
// decides the result of each call. Nothing is really synchronized.
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

// A call of SQLite to the file system.
struct FileCall {
  enum class Kind { open, read, write, truncate, sync, size, remove, exists, lock, map };
  Kind kind = Kind::read;
  std::string path;
  const char* data = nullptr;      // write
  int bytes = 0;                   // write
  std::int64_t offset = 0;         // write; truncate: the new size
  bool creates = false;            // open
  bool settles_directory = false;  // sync, remove: also synchronizes the directory
  bool changes_something() const;  // whether it changes the disk
};

class Disk {
 public:
  virtual ~Disk() = default;
  // Called before each call of SQLite. SQLITE_OK performs it; any other code makes it fail. Of a
  // write that fails, the first `call.bytes` bytes are written (initially 0).
  virtual int before(FileCall& call) = 0;
};

class FaultyVfs {
 public:
  // REQUIRES: no other FaultyVfs exists in this process.
  explicit FaultyVfs(Disk& disk);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;
};

// A disk that works, except that it never synchronizes.
class SoundDisk : public Disk {
 public:
  int before(FileCall& /*call*/) override { return SQLITE_OK; }
};

// Fails the nth call from now on: only that one, or all calls from there until mend().
class FailingDisk : public Disk {
 public:
  enum class Trouble {
    io_error,     // any call
    full,         // a write: nothing is written
    short_write,  // a write: half of it is written
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
  int next_ = 0;  // the number of calls until the one that fails; 0: none
  bool has_failed_ = false;
};

// Calls a function right before the nth change of the disk, for example to kill the process.
class InterruptedDisk : public Disk {
 public:
  InterruptedDisk(int nth, std::function<void()> interruption)
      : left_(nth), interruption_(std::move(interruption)) {}
  int before(FileCall& call) override;

 private:
  int left_;
  std::function<void()> interruption_;
};

// Loses its power right before the nth change. No later change is performed, and any part of the
// changes that were not synchronized may be lost. Sectors are written as a whole. A file that was
// created or removed after the last synchronization of its directory may exist or not.
class PoweredDisk : public Disk {
 public:
  explicit PoweredDisk(int nth) : left_(nth) {}
  int before(FileCall& call) override;

  bool is_off() const { return left_ <= 0; }
  // Gives the files the content that they have after the restart. Seed 0: everything that can be
  // lost is lost. Seed 1: nothing is lost. Other seeds: a random part is lost. It can be called
  // repeatedly. REQUIRES: SQLite has closed them.
  void restart(unsigned seed);
  // Reports that a file was renamed without SQLite. The new name counts as synchronized.
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
  std::set<std::string> names_;          // the names of all files that ever existed
};

}  // namespace containerizer::store
