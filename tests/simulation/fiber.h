// A thread of control that runs only when it is resumed, so that one thread can play many processes
// in an order of its choice.
#pragma once

#include <ucontext.h>

#include <functional>
#include <memory>

namespace containerizer::simulation {

class Fiber {
 public:
  // Nothing runs before the first resume(). `body` throws nothing.
  explicit Fiber(std::function<void()> body);
  // REQUIRES: it has finished, or was never resumed.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the body until it suspends itself or ends. REQUIRES: not finished.
  void resume();
  // Back to whoever resumed. REQUIRES: called by the body.
  void suspend();
  bool finished() const { return finished_; }

 private:
  class Stack;
  // What the C++ runtime knows of exceptions under way, which belongs to a thread.
  struct Exceptions {
    void* caught = nullptr;
    unsigned int uncaught = 0;
  };

  static void enter(unsigned int high, unsigned int low);
  void swap_exceptions();

  std::function<void()> body_;
  std::unique_ptr<Stack> stack_;
  ucontext_t inside_{};
  ucontext_t outside_{};
  Exceptions exceptions_;
  // For AddressSanitizer, which follows stacks.
  void* shadow_inside_ = nullptr;
  void* shadow_outside_ = nullptr;
  const void* bottom_outside_ = nullptr;
  std::size_t size_outside_ = 0;
  bool finished_ = false;
};

}  // namespace containerizer::simulation
