// Retries a query while the database fails, for processes that must not fail while a container
// exists.
#pragma once

#include <optional>

#include "host/log.h"
#include "host/retry.h"
#include "store/database.h"

namespace containerizer {

// Calls `query` until it returns, and returns its result. Each failure is logged. Without a
// deadline it retries for as long as the database fails. With one, it throws the StoreError of the
// first try that fails after the deadline, and throws UnreadableDatabase at once.
template <class Query>
auto retry_while_store_fails(Host& host, Query query, std::optional<Deadline> deadline = {}) {
  PacedLoop loop(host);
  for (;;) {
    loop.before_try();
    try {
      return query();
    } catch (const store::UnreadableDatabase& error) {
      if (deadline) throw;
      log::error("{}; retrying", error.what());
    } catch (const store::StoreError& error) {
      if (deadline && host.now() >= *deadline) throw;
      log::error("{}; retrying", error.what());
    }
  }
}

}  // namespace containerizer
