// A fast hash. Not cryptographic.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace containerizer::simulation {

// The hash of a sequence; the order matters.
class Hash {
 public:
  explicit Hash(std::uint64_t begin = 0) : value_(begin) {}

  template <std::integral Number>
  Hash& add(Number number) {
    value_ = scramble(value_ + static_cast<std::uint64_t>(number) + 0x9e3779b97f4a7c15U);
    return *this;
  }
  Hash& add(std::string_view text) {
    std::uint64_t sum = 0xcbf29ce484222325U;
    for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return add(sum);
  }
  std::uint64_t value() const { return value_; }

 private:
  static std::uint64_t scramble(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }

  std::uint64_t value_;
};

}  // namespace containerizer::simulation
