#include "tests/slave/runtime.h"

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

namespace containerizer::player {

Runtime::Runtime(unsigned workers)
    : workers_(workers), keep_looping_(boost::asio::make_work_guard(loop_)) {
  std::thread([this] { loop_.run(); }).detach();
}

void Runtime::after(std::chrono::milliseconds delay, Strand strand, std::function<void()> job) {
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_, delay);
  timer->async_wait([timer, strand = std::move(strand), job = std::move(job)](auto error) {
    if (!error) boost::asio::post(strand, job);
  });
}

}  // namespace containerizer::player
