// The return type of operations that can fail: a value, or a Failure with its kind.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace containerizer {

// The kind of a failure. Callers decide by it, never by the text.
enum class Fault {
  not_found,    // The thing certainly does not exist.
  conflict,     // The thing already exists, or is in a state that forbids the request.
  refused,      // The request was understood and rejected; repeating it is useless.
  unavailable,  // There was no reply, or no reliable one; the truth is unknown.
  unsupported,  // The other side has no such operation.
  interrupted,  // The caller stopped waiting; the outcome is unknown.
};

struct Failure {
  Fault fault;
  // One line for people: what failed, on what, and why, with the other side's own message.
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

// The Result of an operation that returns no value.
struct Done {};
using Status = Result<Done>;

}  // namespace containerizer
