// Functions for all fuzz targets. A failed check ends the program, like a crash.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>

#include "host/result.h"

namespace containerizer::fuzz {

inline void expect(bool claim, const char* what, std::string_view about = "") {
  if (claim) return;
  std::fprintf(stderr, "untrue: %s\n%.*s\n", what, static_cast<int>(about.size()), about.data());
  std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Checks text for a log or a terminal.
inline bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

inline void expect_readable(const Failure& failure) {
  expect(!failure.text.empty(), "a failure says something");
  expect(is_one_line(failure.text), "a failure is one line", failure.text);
}

// The result of a system call. Repeats it as long as libFuzzer's timer interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// Random numbers that depend only on the input, so an input always has the same result.
inline std::minstd_rand chance_of(std::string_view input) {
  return std::minstd_rand(
      static_cast<std::minstd_rand::result_type>(std::hash<std::string_view>()(input)));
}

// Passes `bytes` to `take` in pieces, until `take` returns false.
inline void in_pieces(std::string_view bytes, std::size_t longest, std::minstd_rand chance,
                      const std::function<bool(std::string_view)>& take) {
  while (!bytes.empty()) {
    const auto length = std::min<std::size_t>(1 + chance() % longest, bytes.size());
    if (!take(bytes.substr(0, length))) return;
    bytes.remove_prefix(length);
  }
}

}  // namespace containerizer::fuzz
