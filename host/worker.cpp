#include "host/worker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>

#include "host/fd.h"

namespace containerizer {
namespace {

class ThreadWorker : public Worker {
 public:
  explicit ThreadWorker(std::function<void()> work) : shared_(std::make_shared<Shared>()) {
    shared_->work = std::move(work);
    shared_->done = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }

  ~ThreadWorker() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->ends = true;
    shared_->changed.notify_one();
  }

  void poke() override {
    if (!is_started_) start();
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->is_poked = true;
    }
    // Without the lock, which the thread needs as soon as it is awake.
    shared_->changed.notify_one();
  }

  int fd() const override { return shared_->done.get(); }

  void clear() override {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(fd(), &count, sizeof count);
  }

 private:
  // Outlives the object for as long as a run is blocked.
  struct Shared {
    void run() {
      std::unique_lock lock(mutex);
      for (;;) {
        changed.wait(lock, [this] { return is_poked || ends; });
        if (ends) return;
        is_poked = false;
        lock.unlock();
        work();
        lock.lock();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto put = ::write(done.get(), &one, sizeof one);
      }
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::function<void()> work;
    Fd done;
    // --- guarded by mutex ---
    bool is_poked = false;
    bool ends = false;
  };

  // Without a thread (the host has too many) the work waits for the next poke.
  void start() {
    try {
      std::thread([shared = shared_] { shared->run(); }).detach();
      is_started_ = true;
    } catch (const std::system_error&) {
    }
  }

  std::shared_ptr<Shared> shared_;
  bool is_started_ = false;
};

}  // namespace

std::unique_ptr<Worker> make_thread_worker(std::function<void()> work) {
  return std::make_unique<ThreadWorker>(std::move(work));
}

}  // namespace containerizer
