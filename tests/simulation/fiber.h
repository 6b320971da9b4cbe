// A coroutine with its own stack, which runs only when it is resumed. One thread can therefore run
// many simulated processes in any order.
#pragma once

#include <ucontext.h>

#include <functional>
#include <memory>

namespace containerizer::simulation {

class Fiber {
 public:
  // Runs nothing before the first resume(). `body` must not throw.
  explicit Fiber(std::function<void()> body);
  // REQUIRES: the body has finished, or was never resumed.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the body until it calls suspend() or returns. REQUIRES: not finished().
  void resume();
  // Returns control to the caller of resume(). REQUIRES: called by the body.
  void suspend();
  bool finished() const { return finished_; }

 private:
  class Stack;
  // The C++ runtime's data of active exceptions, which belongs to a thread.
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
  // AddressSanitizer must be told about each switch of the stack.
  void* shadow_inside_ = nullptr;
  void* shadow_outside_ = nullptr;
  const void* bottom_outside_ = nullptr;
  std::size_t size_outside_ = 0;
  bool finished_ = false;
};

}  // namespace containerizer::simulation
