// A disk that forgets at a power cut what was not flushed.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/slave/fd.h"

namespace containerizer::machine {

// What a disk writes as a whole, also at a power cut.
constexpr std::size_t sector_size = 512;

using Sector = std::array<char, sector_size>;

// How many of the unflushed sectors survive a power cut.
struct Fate {
  std::string name;  // "none", "all" or "some"
  double share = 0;  // the probability of each sector
};

Fate draw_fate(std::mt19937_64& random);

struct Loss {
  std::size_t unflushed = 0;  // sectors, counted once for each write
  std::size_t kept = 0;
};

// The content is that of a file, which it never changes, and what was written since. Offsets and
// lengths are multiples of sector_size, and inside the disk.
class Disk {
 public:
  // Throws std::system_error.
  explicit Disk(const std::string& base);

  std::uint64_t size() const { return size_; }
  void read(std::uint64_t offset, char* to, std::size_t length) const;
  void write(std::uint64_t offset, std::string data);
  // What was written before is durable now.
  void flush();
  // Decides for each sector of each unflushed write, in their order, whether it reached the disk.
  // So the disk can also have an older one of several writes to a sector.
  Loss cut(const Fate& fate, std::mt19937_64& random);

 private:
  struct Write {
    std::uint64_t offset = 0;
    std::string data;
  };

  void store(std::uint64_t number, const char* data);
  void load(std::uint64_t number, char* to) const;

  player::Fd base_;
  player::Fd durable_;             // a sparse file without a name
  std::vector<bool> has_durable_;  // by sector
  std::uint64_t size_ = 0;
  std::vector<Write> unflushed_;
  std::unordered_map<std::uint64_t, Sector> seen_;  // the last unflushed content, by sector
};

}  // namespace containerizer::machine
