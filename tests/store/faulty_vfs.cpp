#include "tests/store/faulty_vfs.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace containerizer::store {
namespace {

// --- The VFS: each call is passed to the disk, then to the real file system

sqlite3_vfs* real_vfs = nullptr;
Disk* disk_of_process = nullptr;

using Kind = FileCall::Kind;

// SQLite allocates this, and the real VFS's file behind it.
struct ShimFile {
  sqlite3_file base;
  const char* path;  // SQLite keeps it for as long as the file is open
  bool settles_directory;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

ShimFile& shim(sqlite3_file* file) { return *reinterpret_cast<ShimFile*>(file); }

sqlite3_file* real(sqlite3_file* file) { return shim(file).real(); }

FileCall call_of(Kind kind, const char* path) {
  FileCall call;
  call.kind = kind;
  if (path != nullptr) call.path = path;
  return call;
}

int ask(Kind kind, sqlite3_file* file) {
  auto call = call_of(kind, shim(file).path);
  return disk_of_process->before(call);
}

int shim_close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int shim_read(sqlite3_file* file, void* data, int bytes, sqlite3_int64 offset) {
  if (const int code = ask(Kind::read, file)) return code;
  return real(file)->pMethods->xRead(real(file), data, bytes, offset);
}

int shim_write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
  auto call = call_of(Kind::write, shim(file).path);
  call.data = static_cast<const char*>(data);
  call.bytes = bytes;
  call.offset = offset;
  if (const int code = disk_of_process->before(call)) {
    if (call.bytes > 0) real(file)->pMethods->xWrite(real(file), data, call.bytes, offset);
    return code;
  }
  return real(file)->pMethods->xWrite(real(file), data, bytes, offset);
}

int shim_truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto call = call_of(Kind::truncate, shim(file).path);
  call.offset = size;
  if (const int code = disk_of_process->before(call)) return code;
  return real(file)->pMethods->xTruncate(real(file), size);
}

int shim_sync(sqlite3_file* file, int /*flags*/) {
  auto call = call_of(Kind::sync, shim(file).path);
  call.settles_directory = shim(file).settles_directory;
  if (const int code = disk_of_process->before(call)) return code;
  shim(file).settles_directory = false;
  return SQLITE_OK;
}

int shim_file_size(sqlite3_file* file, sqlite3_int64* size) {
  if (const int code = ask(Kind::size, file)) return code;
  return real(file)->pMethods->xFileSize(real(file), size);
}

int shim_lock(sqlite3_file* file, int level) {
  if (const int code = ask(Kind::lock, file)) return code;
  return real(file)->pMethods->xLock(real(file), level);
}

int shim_unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}

int shim_check_reserved(sqlite3_file* file, int* is_reserved) {
  return real(file)->pMethods->xCheckReservedLock(real(file), is_reserved);
}

int shim_file_control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

int shim_sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }

int shim_characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

int shim_shm_map(sqlite3_file* file, int page, int bytes, int extend, void volatile** memory) {
  if (const int code = ask(Kind::map, file)) return code;
  return real(file)->pMethods->xShmMap(real(file), page, bytes, extend, memory);
}

int shim_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    if (const int code = ask(Kind::lock, file)) return code;
  }
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

void shim_shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }

int shim_shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Version 2 supports a write-ahead log, but not memory-mapped files, which would hide reads.
const sqlite3_io_methods shim_methods{
    2,
    shim_close,
    shim_read,
    shim_write,
    shim_truncate,
    shim_sync,
    shim_file_size,
    shim_lock,
    shim_unlock,
    shim_check_reserved,
    shim_file_control,
    shim_sector_size,
    shim_characteristics,
    shim_shm_map,
    shim_shm_lock,
    shim_shm_barrier,
    shim_shm_unmap,
    nullptr,
    nullptr,
};

bool is_there(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

int shim_open(sqlite3_vfs* /*vfs*/, const char* path, sqlite3_file* file, int flags, int* out) {
  // SQLite's own VFS does the same for these files, even if they existed before.
  constexpr int journals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  const bool may_create = (flags & SQLITE_OPEN_CREATE) != 0;
  auto& opened = shim(file);
  opened.base.pMethods = nullptr;
  opened.path = path;
  opened.settles_directory = may_create && (flags & journals) != 0;
  auto call = call_of(Kind::open, path);
  call.creates = may_create && path != nullptr && !is_there(path);
  if (const int code = disk_of_process->before(call)) return code;
  const int code = real_vfs->xOpen(real_vfs, path, opened.real(), flags, out);
  if (opened.real()->pMethods != nullptr) opened.base.pMethods = &shim_methods;
  return code;
}

int shim_delete(sqlite3_vfs* /*vfs*/, const char* path, int settles_directory) {
  auto call = call_of(Kind::remove, path);
  call.settles_directory = settles_directory != 0;
  if (const int code = disk_of_process->before(call)) return code;
  return real_vfs->xDelete(real_vfs, path, 0);
}

int shim_access(sqlite3_vfs* /*vfs*/, const char* path, int flags, int* result) {
  auto call = call_of(Kind::exists, path);
  if (const int code = disk_of_process->before(call)) return code;
  return real_vfs->xAccess(real_vfs, path, flags, result);
}

int shim_full_path(sqlite3_vfs* /*vfs*/, const char* path, int size, char* out) {
  return real_vfs->xFullPathname(real_vfs, path, size, out);
}

sqlite3_vfs make_vfs() {
  sqlite3_vfs vfs = *real_vfs;  // keeps the real clock, randomness and sleep
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(ShimFile)) + real_vfs->szOsFile;
  vfs.pNext = nullptr;
  vfs.zName = "faulty";
  vfs.xOpen = shim_open;
  vfs.xDelete = shim_delete;
  vfs.xAccess = shim_access;
  vfs.xFullPathname = shim_full_path;
  return vfs;
}

sqlite3_vfs shim_vfs;

}  // namespace

FaultyVfs::FaultyVfs(Disk& disk) {
  if (real_vfs == nullptr) {
    real_vfs = sqlite3_vfs_find(nullptr);
    shim_vfs = make_vfs();
  }
  disk_of_process = &disk;
  if (sqlite3_vfs_register(&shim_vfs, 1) != SQLITE_OK) throw std::runtime_error("no faulty VFS");
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&shim_vfs);
  sqlite3_vfs_register(real_vfs, 1);
  disk_of_process = nullptr;
}

bool FileCall::changes_something() const {
  return kind == Kind::write || kind == Kind::truncate || kind == Kind::sync ||
         kind == Kind::remove || (kind == Kind::open && creates);
}

// --- FailingDisk

namespace {

int error_of(Kind kind) {
  switch (kind) {
    case Kind::open:
      return SQLITE_CANTOPEN;
    case Kind::read:
      return SQLITE_IOERR_READ;
    case Kind::write:
      return SQLITE_IOERR_WRITE;
    case Kind::truncate:
      return SQLITE_IOERR_TRUNCATE;
    case Kind::sync:
      return SQLITE_IOERR_FSYNC;
    case Kind::size:
      return SQLITE_IOERR_FSTAT;
    case Kind::remove:
      return SQLITE_IOERR_DELETE;
    case Kind::exists:
      return SQLITE_IOERR_ACCESS;
    case Kind::lock:
      return SQLITE_IOERR_LOCK;
    case Kind::map:
      return SQLITE_IOERR_SHMMAP;
  }
  return SQLITE_IOERR;
}

}  // namespace

void FailingDisk::fail_at(int nth) {
  next_ = nth;
  has_failed_ = false;
}

bool FailingDisk::counts(const FileCall& call) const {
  return trouble_ == Trouble::io_error || call.kind == Kind::write;
}

int FailingDisk::before(FileCall& call) {
  if (next_ == 0 || !counts(call)) return SQLITE_OK;
  if (next_ > 1) {
    --next_;
    return SQLITE_OK;
  }
  if (lasts_ == Lasts::once) next_ = 0;
  has_failed_ = true;
  call.bytes = trouble_ == Trouble::short_write ? call.bytes / 2 : 0;
  return trouble_ == Trouble::io_error ? error_of(call.kind) : SQLITE_FULL;
}

// --- InterruptedDisk

int InterruptedDisk::before(FileCall& call) {
  if (call.changes_something() && --left_ == 0) interruption_();
  return SQLITE_OK;
}

// --- PoweredDisk

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // As a block: the unoptimized tests spent most of their time in iterators over single bytes.
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

constexpr std::size_t sector = 512;

}  // namespace

// The fate of a change that was not synchronized.
class PoweredDisk::Chance {
 public:
  explicit Chance(unsigned seed) : seed_(seed), random_(seed) {}
  bool survives() { return seed_ < 2 ? seed_ == 1 : random_() % 2 == 0; }
  bool is_torn() { return seed_ >= 2 && random_() % 3 == 0; }

 private:
  unsigned seed_;
  std::mt19937 random_;
};

int PoweredDisk::before(FileCall& call) {
  if (call.changes_something() && left_ > 0) --left_;
  if (left_ <= 0) {
    call.bytes = 0;
    return error_of(call.kind);
  }
  note(call);
  return SQLITE_OK;
}

void PoweredDisk::note(const FileCall& call) {
  if (call.path.empty()) return;  // a temporary file
  switch (call.kind) {
    case Kind::open:
      return note_open(call);
    case Kind::write:
      files_[call.path].pending.push_back(
          {false, call.offset, std::string(call.data, static_cast<std::size_t>(call.bytes))});
      return;
    case Kind::truncate:
      files_[call.path].pending.push_back({true, call.offset, ""});
      return;
    case Kind::sync: {
      auto& file = files_[call.path];
      for (const auto& change : file.pending) apply(file.synchronized, change);
      file.pending.clear();
      if (call.settles_directory) settle_directory();
      return;
    }
    case Kind::remove:
      return note_removal(call);
    default:
      return;
  }
}

// A file that existed before counts as synchronized. It can be read here, because SQLite has no
// lock on it yet, which closing the file would release.
void PoweredDisk::note_open(const FileCall& call) {
  names_.insert(call.path);
  if (call.creates) {
    File file;
    file.has_settled_entry = false;
    files_[call.path] = file;
  } else if (files_.count(call.path) == 0 && is_there(call.path)) {
    files_[call.path].synchronized = bytes_of(call.path);
  }
}

void PoweredDisk::note_removal(const FileCall& call) {
  const auto file = files_.find(call.path);
  if (file != files_.end()) {
    // If the new file's name never reached the disk, the older file with that name remains.
    if (file->second.has_settled_entry) removed_[call.path] = file->second;
    files_.erase(file);
  }
  if (call.settles_directory) settle_directory();
}

void PoweredDisk::settle_directory() {
  removed_.clear();
  for (auto& [path, file] : files_) file.has_settled_entry = true;
}

void PoweredDisk::apply(std::string& content, const Change& change) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.is_truncation) {
    content.resize(offset);
    return;
  }
  content.resize(std::max(content.size(), offset + change.data.size()));
  content.replace(offset, change.data.size(), change.data);
}

// The parts of a write in those sectors that reached the disk.
void PoweredDisk::apply_sectors(std::string& content, const Change& change, Chance& chance) {
  const auto begin = static_cast<std::size_t>(change.offset);
  const auto end = begin + change.data.size();
  for (auto from = begin; from < end;) {
    const auto to = std::min(end, (from / sector + 1) * sector);
    if (chance.survives()) {
      apply(content,
            {false, static_cast<std::int64_t>(from), change.data.substr(from - begin, to - from)});
    }
    from = to;
  }
}

std::string PoweredDisk::survivor(const File& file, Chance& chance) {
  auto content = file.synchronized;
  for (const auto& change : file.pending) {
    if (!change.is_truncation && chance.is_torn()) {
      apply_sectors(content, change, chance);
    } else if (chance.survives()) {
      apply(content, change);
    }
  }
  return content;
}

void PoweredDisk::follow_rename(const std::string& from, const std::string& to) {
  const auto file = files_.extract(from);
  if (file.empty()) return;
  files_[to] = file.mapped();
  names_.insert(to);
}

void PoweredDisk::restart(unsigned seed) {
  Chance chance(seed);
  for (const auto& name : names_) std::filesystem::remove(name);
  for (const auto& [path, file] : files_) {
    if (file.has_settled_entry || chance.survives()) write(path, survivor(file, chance));
  }
  for (const auto& [path, file] : removed_) {
    if (!is_there(path) && !chance.survives()) write(path, survivor(file, chance));
  }
}

}  // namespace containerizer::store
