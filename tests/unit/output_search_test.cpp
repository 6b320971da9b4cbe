#include "engine/supervisor/output_search.h"

#include <catch2/catch.hpp>
#include <random>

#include "host/format.h"

using namespace containerizer;

namespace {

constexpr std::int64_t start = 1'700'000'000'000;

LogEntry entry(std::int64_t milliseconds, const std::string& bytes) {
  return {OutputStream::out, rfc3339(start + milliseconds), bytes};
}

OutputTail tail_of(const std::string& bytes, std::int64_t came) {
  return {bytes, start + came, start + came};
}

LogSearch search(const std::vector<LogEntry>& log, Sought sought) {
  LogSearch made(std::move(sought));
  for (const auto& one : log) made.take(one);
  made.end();
  return made;
}

// What of the log lies behind the place.
std::string rest_of(const std::vector<LogEntry>& log, const LogPlace& place) {
  std::string rest;
  LogCounter counter;
  bool is_past = false;
  for (const auto& one : log) {
    is_past = is_past || counter.count(one).is_in_entry(place);
    if (is_past) rest += one.bytes;
  }
  return rest.substr(place.offset);
}

std::vector<LogEntry> numbers(int count, int every) {
  std::vector<LogEntry> log;
  for (int i = 0; i < count; ++i) log.push_back(entry(i * every, formatted("line {}\n", i)));
  return log;
}

}  // namespace

TEST_CASE("the end of a copy is found in the log, wherever it was cut") {
  const auto log = numbers(300, 10);
  std::string all;
  for (const auto& one : log) all += one.bytes;
  for (std::size_t cut = 1; cut < all.size(); cut += 7) {
    const auto tail = all.substr(cut - std::min(cut, OutputBuffer::longest_tail),
                                 std::min(cut, OutputBuffer::longest_tail));
    const auto found = search(log, {.tail = tail_of(tail, static_cast<int>(cut) * 300 / 270)});
    INFO("after " << cut << " bytes");
    REQUIRE(found.tail() == LogSearch::Tail::found);
    REQUIRE(rest_of(log, found.tail_end()) == all.substr(cut));
  }
}

TEST_CASE("of equal places in the log the nearest in time counts") {
  std::vector<LogEntry> log;
  for (int i = 0; i < 100; ++i) log.push_back(entry(i * 1'000, "tick\n"));
  const auto found = search(log, {.tail = tail_of("tick\ntick\n", 40'002)});
  REQUIRE(found.tail() == LogSearch::Tail::found);
  CHECK(found.tail_end().timestamp == log[40].timestamp);
}

TEST_CASE("a log may begin in the middle of what was copied, behind it, or end before it does") {
  const auto log = numbers(100, 10);
  std::string all;
  for (const auto& one : log) all += one.bytes;
  const auto copied = all.substr(0, all.find("line 50\n") + 8);
  const Sought sought{.tail = tail_of(copied, 500)};
  SECTION("in the middle") {
    const std::vector<LogEntry> rest(log.begin() + 45, log.end());
    const auto found = search(rest, sought);
    REQUIRE(found.tail() == LogSearch::Tail::found);
    CHECK(found.tail_end().timestamp == log[50].timestamp);
  }
  SECTION("right behind it") {
    const std::vector<LogEntry> rest(log.begin() + 51, log.end());
    CHECK(search(rest, sought).tail() == LogSearch::Tail::missing);
  }
  SECTION("it ends before") {
    const std::vector<LogEntry> front(log.begin(), log.begin() + 30);
    CHECK(search(front, sought).tail() == LogSearch::Tail::ahead);
  }
  SECTION("a line is not complete yet") {
    const auto with_part = Sought{.tail = tail_of(all + "part of a", 1'000)};
    CHECK(search(log, with_part).tail() == LogSearch::Tail::ahead);
  }
  SECTION("nothing was copied") { CHECK(search(log, {}).tail() == LogSearch::Tail::nothing); }
}

TEST_CASE("a log that a daemon's death cut off goes on behind what had come before") {
  const auto log = numbers(100, 10);
  // The tail came before the daemon logged the lines before it. It died at 600.
  const Sought dead{.tail = tail_of("line 200\nline 201\n", 400), .tail_until = start + 600};
  const auto cut = search(log, dead);
  CHECK(cut.tail() == LogSearch::Tail::missing);
  CHECK_FALSE(cut.is_later_than_tail(time_of(log[60])));
  CHECK(cut.is_later_than_tail(time_of(log[61])));
  // Or it logged them after the tail, and the log has lost the tail. Then they are not in the copy.
  auto behind = dead;
  std::string asked;
  behind.is_copied = [&asked](std::string_view text) {
    asked = text;
    return false;
  };
  CHECK(search(log, behind).is_later_than_tail(time_of(log[60])));
  CHECK_THAT(asked, Catch::EndsWith("line 59\nline 60\n"));
  // While the daemon lives, the lines may still come; but not after the container's end.
  auto alive = dead;
  alive.tail_until = 0;
  alive.tail.last = start + 900;
  CHECK(search(log, alive).tail() == LogSearch::Tail::ahead);
  alive.is_log_whole = true;
  CHECK(search(log, alive).tail() == LogSearch::Tail::missing);
}

TEST_CASE("lines that end like the tail begins do not make a log end within the tail") {
  std::vector<LogEntry> log;
  std::string all;
  for (int i = 0; i < 1'000; ++i) {
    log.push_back(entry(i * 10, formatted("{}______\n", i)));
    all += log.back().bytes;
  }
  // Cut within a line; then the log lost everything up to the middle.
  const auto end = all.find("800______") + 10;
  const auto begin = all.rfind("__\n", end - OutputBuffer::longest_tail);
  const auto tail = all.substr(begin, OutputBuffer::longest_tail);
  REQUIRE(tail.starts_with("__\n"));
  const std::vector<LogEntry> rest(log.begin() + 900, log.end());
  CHECK(search(rest, {.tail = tail_of(tail, 8'000)}).tail() == LogSearch::Tail::missing);
}

TEST_CASE("the beginning of an attachment is found in the log, also within a line") {
  const auto log = numbers(100, 10);
  const auto found = search(log, {.tail = tail_of("line 9\nline 10\n", 100),
                                  .head = "e 60\nline 61\nline 62\n",
                                  .head_came = start + 601,
                                  .head_least = start + 550});
  REQUIRE(found.head_start());
  CHECK(found.head_start()->timestamp == log[60].timestamp);
  CHECK(found.head_start()->offset == 3);
}

TEST_CASE("an attachment does not begin before it was made") {
  std::vector<LogEntry> log;
  for (int i = 0; i < 10; ++i) log.push_back(entry(i * 100, "tick\n"));
  const auto found =
      search(log, {.head = "tick\n", .head_came = start + 710, .head_least = start + 650});
  REQUIRE(found.head_start());
  CHECK(found.head_start()->timestamp == log[7].timestamp);
  CHECK_FALSE(search(log, {.head = "tick\n", .head_came = start + 2000, .head_least = start + 2000})
                  .head_start());
}

TEST_CASE("what is no UTF-8 is found where the log driver has replaced it, and where it has not") {
  const std::string raw = "a\xff\xfe b\n\xc3\x28\xed\xa0\x80 c\nend\n";
  const std::string more = "\xe6\xb0\xb4 more\n";
  const bool is_replaced = GENERATE(true, false);
  const auto kept = [&](const std::string& bytes) { return is_replaced ? as_text(bytes) : bytes; };
  const std::vector<LogEntry> log{entry(0, kept(raw)), entry(1, kept(more))};
  const auto found = search(log, {.tail = tail_of(raw + more.substr(0, 2), 1)});
  REQUIRE(found.tail() == LogSearch::Tail::found);
  CHECK(rest_of(log, found.tail_end()) == more.substr(2));
}

TEST_CASE("timestamps of whole seconds tell entries apart by their number") {
  std::vector<LogEntry> log;
  for (int i = 0; i < 10; ++i) {
    log.push_back({OutputStream::out, "2026-01-01T00:00:00Z", formatted("{}\n", i)});
  }
  const auto came = time_of(log[0]).earliest + 500;
  const auto found = search(log, {.tail = {"3\n4\n", came, came}});
  REQUIRE(found.tail() == LogSearch::Tail::found);
  CHECK(rest_of(log, found.tail_end()) == "5\n6\n7\n8\n9\n");
}

TEST_CASE("a text is found in any stream of characters, like std::string finds it") {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::string stream;
    for (auto n = 1 + random() % 6; n > 0; --n) text += static_cast<char>('a' + random() % 2);
    for (auto n = random() % 60; n > 0; --n) stream += static_cast<char>('a' + random() % 2);
    TextFinder finder(text);
    for (std::size_t i = 0; i < stream.size(); ++i) {
      const bool ends = std::string_view(stream).substr(0, i + 1).ends_with(text);
      REQUIRE(finder.take(stream[i]) == ends);
    }
  }
}
