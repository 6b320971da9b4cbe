// Times as people and other programs read and write them. Pure, except for the time zone.
#pragma once

#include <cstdint>
#include <string>

#include "host/result.h"

namespace containerizer {

// Milliseconds since 1970 as local time, with the zone: "2026-11-26T18:16:14.833+01:00".
std::string local_time(std::int64_t wall);
// The same in UTC: "2026-11-26T17:16:14.833Z".
std::string utc_time(std::int64_t wall);

// A duration in one unit: "3.2 s", "5 min", "2 d".
std::string how_long(std::int64_t milliseconds);

// The moment that a person means, in milliseconds since 1970: a duration before `now`, such as
// "90s", "10m", "2h" or "7d", or a time such as "2026-11-26T18:16:14Z", "2026-11-26 18:16" or
// "2026-11-26". A time without a zone is local. refused: it is neither.
Result<std::int64_t> parse_moment(const std::string& text, std::int64_t now);

}  // namespace containerizer
