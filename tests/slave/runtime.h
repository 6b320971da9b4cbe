// What everything in the player runs on: a limited pool of workers, as libprocess has, and one more
// thread that only waits for descriptors and clocks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <thread>

namespace containerizer::player {

// Jobs of one Strand run one after the other, on whichever worker is free. An actor is an object
// whose members are touched by the jobs of its strand only.
using Strand = boost::asio::strand<boost::asio::thread_pool::executor_type>;

class Runtime {
 public:
  // Starts the threads. They are never joined: the process ends with some of them blocked for good.
  explicit Runtime(unsigned workers);

  Strand make_strand() { return boost::asio::make_strand(workers_.get_executor()); }

  // Runs `job` on a worker and may block it: as long as it does, nothing else has that worker.
  void occupy_worker(std::function<void()> job) { boost::asio::post(workers_, std::move(job)); }

  // Runs `job` in `strand` once `delay` has passed (later when no worker is free).
  void after(std::chrono::milliseconds delay, Strand strand, std::function<void()> job);

  // Handlers here must be short and never block.
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
