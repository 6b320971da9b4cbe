// What an operation that can fail hands back: a value, or a Failure that says of which kind.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace containerizer {

// What a caller can do about a failure; the text is for people.
enum class Fault {
  not_found,    // The thing does not exist: this is knowledge, not a lack of it.
  conflict,     // It exists already, or is in a state that forbids the request.
  refused,      // The other side understood and said no; asking again is useless.
  unavailable,  // No answer, or none that can be relied on: the truth is unknown.
  interrupted,  // The caller's own reason came first; the outcome is unknown.
};

struct Failure {
  Fault fault;
  // One line: what failed, on what, and why, in the other side's own words.
  std::string text;
};

// A T or a Failure. REQUIRES: value() only when ok(), failure() only when not.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  Result(Failure failure) : content_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return content_.index() == 0; }
  bool failed_with(Fault fault) const { return !ok() && failure().fault == fault; }
  T& value() { return std::get<0>(content_); }
  const T& value() const { return std::get<0>(content_); }
  const Failure& failure() const { return std::get<1>(content_); }

 private:
  std::variant<T, Failure> content_;
};

// The Result of an operation that yields nothing but success.
struct Done {};
using Status = Result<Done>;

}  // namespace containerizer
