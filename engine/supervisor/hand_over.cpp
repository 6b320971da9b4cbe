#include "engine/supervisor/hand_over.h"

namespace containerizer {
namespace {

// How long mesos-executor and the task proxy may take to start after the slave has sent the task,
// on a busy host (docs/decisions.md 66).
constexpr Duration longest_way{10'000};

}  // namespace

HandOver::HandOver(const Services& services, const store::Container& container,
                   const LifeLock& lock)
    : host_(services.host), lock_(lock) {
  if (container.kind != "command") return;
  const auto slave = services.store.caller_of(container.container_id, store::Purpose::launch);
  if (!slave) return;
  slave_ = ExitWatch(host_, slave);
  if (!slave_.may_live()) gone_at_ = host_.now();
}

Deadline HandOver::due() const { return gone_at_ ? *gone_at_ + longest_way : slave_.due(); }

bool HandOver::is_missing() {
  if (slave_.may_live() && slave_.has_ended(host_.poll({slave_.fd()}, host_.now())[0])) {
    gone_at_ = host_.now();
  }
  if (gone_at_ && lock_.has_proxy()) gone_at_.reset();
  return gone_at_.has_value();
}

bool HandOver::has_failed() { return is_missing() && host_.now() >= *gone_at_ + longest_way; }

}  // namespace containerizer
