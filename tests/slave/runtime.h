// The threads of the player: a limited pool of workers, like that of libprocess, and one thread
// that only waits for descriptors and timers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <thread>

namespace containerizer::player {

// Jobs of one Strand run one after the other, on any free worker. An actor is an object whose
// members are only used by jobs of its strand.
using Strand = boost::asio::strand<boost::asio::thread_pool::executor_type>;

class Runtime {
 public:
  // Starts the threads. They are never joined: at the end, some of them can be blocked forever.
  explicit Runtime(unsigned workers);

  Strand make_strand() { return boost::asio::make_strand(workers_.get_executor()); }

  // Runs `job` on a worker. The job may block the worker.
  void occupy_worker(std::function<void()> job) { boost::asio::post(workers_, std::move(job)); }

  // Runs `job` in `strand` after `delay` (later if no worker is free).
  void after(std::chrono::milliseconds delay, Strand strand, std::function<void()> job);

  // For handlers that are short and never block.
  boost::asio::io_context& loop() { return loop_; }

 private:
  boost::asio::thread_pool workers_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_looping_;
};

// A function that runs `handler` with its arguments in `strand`.
template <class Handler>
auto in(Strand strand, Handler handler) {
  return [strand, handler](auto... arguments) {
    boost::asio::post(strand, [handler, arguments...]() mutable { handler(arguments...); });
  };
}

}  // namespace containerizer::player
