// The number of database transactions in the life of one container.
#include <array>
#include <cstdint>
#include <fstream>
#include <stdexcept>

#include "bench/figures.h"
#include "bench/many_ended.h"
#include "bench/slave.h"

namespace containerizer::bench {
namespace {

std::uint32_t big_endian(const unsigned char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8U | bytes[i];
  return value;
}

// Counts the frames of a write-ahead log that end a transaction: those that contain the database's
// size. Format: https://www.sqlite.org/fileformat2.html#walformat
int commits_in(const std::string& log) {
  std::ifstream file(log, std::ios::binary);
  std::array<unsigned char, 32> header{};
  std::array<unsigned char, 24> frame{};
  const auto read = [&file](auto& into) {
    return static_cast<bool>(file.read(reinterpret_cast<char*>(into.data()), into.size()));
  };
  if (!read(header)) throw std::runtime_error("cannot read " + log);
  const auto page = big_endian(&header[8]);
  int commits = 0;
  for (; read(frame); file.seekg(page, std::ios::cur)) {
    if (big_endian(&frame[4]) != 0) ++commits;
  }
  return commits;
}

}  // namespace

std::vector<Figure> commits() {
  const Slave slave("commits");
  run(slave.verb("containers"));
  const auto log = slave.database().path + "-wal";
  // While this connection is open, no process can empty the log.
  const store::Database open(slave.database());
  const int before = commits_in(log);
  run_to_the_end(slave);
  const double count = commits_in(log) - before;
  return {{"commits in the life of a container", "", {count, count, count}, {}, {}, {}}};
}

}  // namespace containerizer::bench
