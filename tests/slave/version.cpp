#include "tests/slave/version.h"

#include <array>
#include <charconv>
#include <fstream>

namespace containerizer::player {

std::optional<Version> parse_version(std::string_view text) {
  std::array<int, 3> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [rest, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{}) return std::nullopt;
    at = rest;
  }
  if (at != end) return std::nullopt;
  return Version{numbers[0], numbers[1], numbers[2]};
}

std::filesystem::path program_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::optional<Version> version_beside_program() {
  std::ifstream file(program_directory() / "mesos-version");
  std::string word;
  if (!(file >> word)) return std::nullopt;
  return parse_version(word);
}

std::chrono::milliseconds Release::reap_interval(std::size_t watched) const {
  constexpr std::chrono::milliseconds shortest{100};
  constexpr std::chrono::milliseconds longest{1000};
  constexpr std::size_t few = 50;
  constexpr std::size_t many = 500;
  if (before(0, 21) || watched >= many) return longest;
  if (watched <= few) return shortest;
  return shortest +
         (longest - shortest) * static_cast<int>(watched - few) / static_cast<int>(many - few);
}

}  // namespace containerizer::player
