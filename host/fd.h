// Ownership of a file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace containerizer {

// Owns a descriptor and closes it in its destructor. It can be moved, not copied. A default Fd is
// not valid().
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }

  bool valid() const { return number_ >= 0; }
  int get() const { return number_; }
  // Gives up ownership: the caller closes the returned descriptor.
  int release() { return std::exchange(number_, -1); }
  void close() {
    if (valid()) ::close(release());
  }

 private:
  int number_ = -1;
};

}  // namespace containerizer
