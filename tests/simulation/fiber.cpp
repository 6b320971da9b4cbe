#include "tests/simulation/fiber.h"

#include <cxxabi.h>
#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <utility>
#include <vector>

#if SANITIZED
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
namespace {
void __sanitizer_start_switch_fiber(void** /*save*/, const void* /*bottom*/, std::size_t /*size*/) {
}
void __sanitizer_finish_switch_fiber(void* /*saved*/, const void** /*bottom*/,
                                     std::size_t* /*size*/) {}
void __asan_unpoison_memory_region(const void* /*address*/, std::size_t /*size*/) {}
}  // namespace
#endif

namespace containerizer::simulation {

// Stacks are reused, because mapping one costs more than running on it.
class Fiber::Stack {
 public:
  static constexpr std::size_t size = 1 << 20;

  Stack() {
    if (!spare().empty()) {
      memory_ = spare().back();
      spare().pop_back();
      return;
    }
    memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
  }
  ~Stack() {
    // Otherwise AddressSanitizer still marks the frames that an exception has left.
    __asan_unpoison_memory_region(memory_, size);
    spare().push_back(memory_);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  void* memory() const { return memory_; }

 private:
  static std::vector<void*>& spare() {
    static std::vector<void*> all;
    return all;
  }
  void* memory_;
};

Fiber::Fiber(std::function<void()> body)
    : body_(std::move(body)), stack_(std::make_unique<Stack>()) {
  ::getcontext(&inside_);
  inside_.uc_stack.ss_sp = stack_->memory();
  inside_.uc_stack.ss_size = Stack::size;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  // makecontext can only pass int arguments.
  ::makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
                static_cast<unsigned int>(self >> 32), static_cast<unsigned int>(self));
}

Fiber::~Fiber() = default;

void Fiber::enter(unsigned int high, unsigned int low) {
  auto* self = reinterpret_cast<Fiber*>(static_cast<std::uintptr_t>(high) << 32 | low);
  __sanitizer_finish_switch_fiber(nullptr, &self->bottom_outside_, &self->size_outside_);
  self->body_();
  self->finished_ = true;
  __sanitizer_start_switch_fiber(nullptr, self->bottom_outside_, self->size_outside_);
  ::setcontext(&self->outside_);
}

void Fiber::resume() {
  swap_exceptions();
  __sanitizer_start_switch_fiber(&shadow_outside_, stack_->memory(), Stack::size);
  ::swapcontext(&outside_, &inside_);
  __sanitizer_finish_switch_fiber(shadow_outside_, nullptr, nullptr);
  swap_exceptions();
}

void Fiber::suspend() {
  __sanitizer_start_switch_fiber(&shadow_inside_, bottom_outside_, size_outside_);
  ::swapcontext(&inside_, &outside_);
  __sanitizer_finish_switch_fiber(shadow_inside_, &bottom_outside_, &size_outside_);
}

// The layout is that of the Itanium C++ ABI, 2.2.2.
void Fiber::swap_exceptions() {
  std::swap(*reinterpret_cast<Exceptions*>(abi::__cxa_get_globals()), exceptions_);
}

}  // namespace containerizer::simulation
