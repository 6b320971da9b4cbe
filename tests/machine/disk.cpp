#include "tests/machine/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace containerizer::machine {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void read_at(int file, std::uint64_t number, char* to) {
  const auto got = ::pread(file, to, sector_size, static_cast<off_t>(number * sector_size));
  if (got != static_cast<ssize_t>(sector_size)) fail("cannot read the disk");
}

}  // namespace

Fate draw_fate(std::mt19937_64& random) {
  static const std::array<Fate, 5> fates{
      {{"none", 0.0}, {"all", 1.0}, {"some", 0.1}, {"some", 0.5}, {"some", 0.9}}};
  return fates.at(random() % fates.size());
}

Disk::Disk(const std::string& base) : base_(::open(base.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (!base_.valid() || ::fstat(base_.get(), &status) != 0) fail("cannot open " + base);
  size_ = static_cast<std::uint64_t>(status.st_size) / sector_size * sector_size;
  const auto directory = std::filesystem::temp_directory_path();
  durable_ = player::Fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!durable_.valid()) fail("cannot create a file in " + directory.string());
  has_durable_.resize(size_ / sector_size);
}

void Disk::store(std::uint64_t number, const char* data) {
  const auto written =
      ::pwrite(durable_.get(), data, sector_size, static_cast<off_t>(number * sector_size));
  if (written != static_cast<ssize_t>(sector_size)) fail("cannot write the disk");
  has_durable_[number] = true;
}

void Disk::load(std::uint64_t number, char* to) const {
  const auto found = seen_.find(number);
  if (found != seen_.end()) {
    std::copy(found->second.begin(), found->second.end(), to);
  } else {
    read_at(has_durable_[number] ? durable_.get() : base_.get(), number, to);
  }
}

void Disk::read(std::uint64_t offset, char* to, std::size_t length) const {
  for (std::size_t at = 0; at < length; at += sector_size) {
    load((offset + at) / sector_size, to + at);
  }
}

void Disk::write(std::uint64_t offset, std::string data) {
  for (std::size_t at = 0; at < data.size(); at += sector_size) {
    std::copy_n(data.data() + at, sector_size, seen_[(offset + at) / sector_size].begin());
  }
  unflushed_.push_back({offset, std::move(data)});
}

void Disk::flush() {
  for (const auto& [number, sector] : seen_) store(number, sector.data());
  unflushed_.clear();
  seen_.clear();
}

Loss Disk::cut(const Fate& fate, std::mt19937_64& random) {
  std::bernoulli_distribution survives(fate.share);
  Loss loss;
  for (const auto& write : unflushed_) {
    for (std::size_t at = 0; at < write.data.size(); at += sector_size) {
      ++loss.unflushed;
      if (!survives(random)) continue;
      ++loss.kept;
      store((write.offset + at) / sector_size, write.data.data() + at);
    }
  }
  unflushed_.clear();
  seen_.clear();
  return loss;
}

}  // namespace containerizer::machine
