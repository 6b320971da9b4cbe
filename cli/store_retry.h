// Retries a query while the database fails, for processes that must not fail while a container
// exists.
#pragma once

#include <string>

#include "engine/container/services.h"
#include "host/complaints.h"
#include "host/retry.h"
#include "store/database.h"

namespace containerizer {

// SQLite reports a database as damaged, too, when the kernel refuses a single call. So that is
// believed only if it is found again and again, each time by a new connection.
class DamageCount {
 public:
  // Whether the database is unreadable for certain.
  bool is_certain(const store::StoreError& error) {
    return error.fault() == store::StoreFault::unreadable && ++found_ >= enough;
  }

 private:
  static constexpr int enough = 3;
  int found_ = 0;
};

// Calls `query` until it returns, and returns its result. Throws the StoreError of the first try
// that fails after the deadline, and throws at once if a retry is useless: the database is
// unreadable, its directory is not safe, or the program is too old for it. Closes the store after
// each failure.
template <class Query>
auto retry_while_store_fails(const Services& services, Query query, Deadline deadline) {
  PacedLoop loop(services.host);
  Complaints complaints(services.host);
  DamageCount damage;
  for (;;) {
    loop.before_try();
    try {
      return query();
    } catch (const store::StoreError& error) {
      services.store.close();
      const bool is_final = error.fault() == store::StoreFault::newer || damage.is_certain(error) ||
                            dynamic_cast<const store::UnsafeDirectory*>(&error) != nullptr;
      if (is_final || services.host.now() >= deadline) throw;
      if (error.fault() != store::StoreFault::unreadable) {
        complaints.say(std::string(error.what()) + "; retrying");
      }
    }
  }
}

}  // namespace containerizer
