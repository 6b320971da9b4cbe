#include "host/exit_watch.h"

#include "host/log.h"

namespace containerizer {
namespace {

// How often a process is looked at that cannot be watched.
constexpr Duration look_again{1'000};

}  // namespace

ExitWatch::ExitWatch(Host& host, const std::optional<ProcessId>& process)
    : host_(&host), process_(process) {
  if (process_) open();
}

bool ExitWatch::has_ended(bool readable) {
  if (!may_live()) return false;
  if (readable) {
    fd_.close();
    process_.reset();
    return true;
  }
  return !fd_.valid() && host_->now() >= due_ && open();
}

// Returns true if the process has exited.
bool ExitWatch::open() {
  auto opened = host_->exit_descriptor(*process_);
  due_ = Deadline::max();
  if (opened.ok()) {
    fd_ = std::move(opened.value());
  } else if (opened.failed_with(Fault::not_found)) {
    process_.reset();
    return true;
  } else {
    due_ = host_->now() + look_again;
    log::debug("{}", opened.failure().text);
  }
  return false;
}

}  // namespace containerizer
