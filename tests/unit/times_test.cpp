#include "host/times.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

using namespace containerizer;

namespace {

// The time zone of this process, while the object exists.
class Zone {
 public:
  explicit Zone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~Zone() {
    ::unsetenv("TZ");
    ::tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;
};

}  // namespace

TEST_CASE("times have their zone") {
  CHECK(utc_time(0) == "1970-01-01T00:00:00.000Z");
  CHECK(utc_time(1'700'000'000'007) == "2023-11-14T22:13:20.007Z");
  const Zone zone("XXX-5:30");  // east of Greenwich, in the form of POSIX
  CHECK(local_time(0) == "1970-01-01T05:30:00.000+05:30");
  const Zone west("YYY+3");
  CHECK(local_time(0) == "1969-12-31T21:00:00.000-03:00");
}

TEST_CASE("durations in one unit") {
  CHECK(how_long(-5) == "0.0 s");
  CHECK(how_long(3'240) == "3.2 s");
  CHECK(how_long(5 * 60'000) == "5 min");
  CHECK(how_long(50LL * 3'600'000) == "2 d");
}

TEST_CASE("moments that a person types") {
  const Zone zone("XXX-1");
  constexpr std::int64_t now = 1'700'000'000'000;
  struct Case {
    std::string text;
    std::int64_t moment;
  };
  for (const auto& [text, expected] : {
           Case{"90s", now - 90'000},
           Case{"10m", now - 600'000},
           Case{"10min", now - 600'000},
           Case{"1.5h", now - 5'400'000},
           Case{"7d", now - 7 * 86'400'000LL},
           Case{"1970-01-01T00:00:01Z", 1'000},
           Case{"1970-01-01T00:00:01.250Z", 1'250},
           Case{"1970-01-01T02:00:00+02:00", 0},
           Case{"1970-01-01T00:00:00", -3'600'000},
           Case{"1970-01-01 01:00", 0},
           Case{"1970-01-02", 86'400'000 - 3'600'000},
       }) {
    CAPTURE(text);
    const auto parsed = parse_moment(text, now);
    REQUIRE(parsed.ok());
    CHECK(parsed.value() == expected);
  }
  for (const std::string text : {"", "yesterday", "10", "10 parsecs", "-5m", "1e9d", "nan s",
                                 "2026-13-45", "2026-11-26T18:16:14+1", "2026-11-26x"}) {
    CAPTURE(text);
    CHECK(parse_moment(text, now).failed_with(Fault::refused));
  }
  CHECK(parse_moment(utc_time(now), 0).value() == now);
  CHECK(parse_moment(local_time(now), 0).value() == now);
}
