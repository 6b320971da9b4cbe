#include "engine/supervisor/output.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "host/file.h"
#include "temporary_directory.h"

using namespace containerizer;

namespace {

using Stream = OutputEntry::Stream;
using Log = std::vector<OutputEntry>;

constexpr std::array<const char*, 2> names{"stdout", "stderr"};
// What others wrote into the sandbox before; larger than a cursor file, for limited_to().
const std::string prelude(1024, '#');

// `seconds` and `nanoseconds` after some midnight, as the daemon writes it.
std::string at(int seconds, int nanoseconds = 0) {
  return fmt::format("2026-01-02T{:02}:{:02}:{:02}.{:09}Z", seconds / 3600, seconds / 60 % 60,
                     seconds % 60, nanoseconds);
}

OutputEntry out(const std::string& timestamp, const std::string& bytes) {
  return {Stream::out, timestamp, bytes};
}
OutputEntry err(const std::string& timestamp, const std::string& bytes) {
  return {Stream::err, timestamp, bytes};
}

std::string copied(const Log& log, Stream stream) {
  std::string all;
  for (const auto& entry : log) {
    if (entry.stream == stream) all += entry.bytes;
  }
  return all;
}

// One container's output on its way into a sandbox.
struct Journey {
  Journey() {
    for (const char* name : names) write_file(sandbox / name, prelude);
  }
  OutputCopy copy() const { return {sandbox.path(), state / "cursor"}; }
  std::string in_sandbox(Stream stream) const {
    const auto all = content_of(sandbox / names[stream == Stream::out ? 0 : 1]);
    REQUIRE(all.substr(0, prelude.size()) == prelude);
    return all.substr(prelude.size());
  }

  TemporaryDirectory sandbox;
  TemporaryDirectory state;
};

// Plays the daemon: hands over what is not before `since`, and lets the copy be flushed after every
// so many entries. `after_step` follows each take and flush.
template <class AfterStep>
void play(const Log& log, OutputCopy& copy, int flush_every, AfterStep after_step) {
  const auto since = copy.resume();
  expect(since.ok(), "the copy resumes");
  int entries = 0;
  for (const auto& entry : log) {
    if (entry.timestamp < since.value()) continue;
    expect(copy.take(entry).ok(), "an entry is taken");
    after_step();
    if (++entries % flush_every != 0) continue;
    expect(copy.flush().ok(), "the copy is flushed");
    after_step();
  }
  expect(copy.finish().ok(), "the copy is finished");
}

void play(const Log& log, OutputCopy& copy, int flush_every = 3) {
  play(log, copy, flush_every, [] {});
}

// A run in a process of its own that dies after so many steps. True if it got to the end before.
bool dies_after(int steps, const Log& log, const Journey& journey, int flush_every) {
  const int status = run_in_child([&] {
    auto copy = journey.copy();
    play(log, copy, flush_every, [&] {
      if (--steps == 0) ::raise(SIGKILL);
    });
  });
  REQUIRE((status == 0 || was_killed(status)));
  return status == 0;
}

// The same, dying within the write that would make a file larger than so many bytes: as much as
// fits is written, and the kernel kills the process when it goes on.
bool dies_at_size(std::size_t bytes, const Log& log, const Journey& journey, int flush_every) {
  const int status = run_in_child([&] {
    const rlimit none{0, 0};
    const rlimit limited{bytes, bytes};
    ::setrlimit(RLIMIT_CORE, &none);
    ::setrlimit(RLIMIT_FSIZE, &limited);
    auto copy = journey.copy();
    play(log, copy, flush_every);
  });
  REQUIRE((status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)));
  return status == 0;
}

void check_complete(const Log& log, const Journey& journey) {
  // Not with ==, whose report would print it all.
  for (const Stream stream : {Stream::out, Stream::err}) {
    const auto found = journey.in_sandbox(stream);
    const auto wanted = copied(log, stream);
    INFO(names[stream == Stream::out ? 0 : 1] << " has " << found.size() << " bytes of "
                                              << wanted.size());
    CHECK(found.compare(wanted) == 0);
  }
}

// Both streams; times that differ by nothing, a nanosecond, or hours; empty lines; lines in pieces.
Log everyday_log() {
  return {out(at(1), "first\n"),
          err(at(1), "of the same instant\n"),
          out(at(1), "\n"),
          out(at(1), "\n"),
          err(at(1, 1), "a nanosecond later\n"),
          out(at(2), "a piece, "),
          out(at(2), "another, "),
          err(at(2), "x\n"),
          out(at(2, 999'999'999), "the end\n"),
          out(at(3), "same\n"),
          out(at(3), "same\n"),
          out(at(3), "same\n"),
          err(at(4000), "after an hour\n"),
          out(at(4000), "\n"),
          err(at(4000), "no line end"),
          out(at(8000), std::string("zero\0byte\n", 10)),
          out(at(8000), "last\n")};
}

Log one_stream_log() {
  Log log;
  for (int i = 0; i < 12; ++i) log.push_back(out(at(i * 20), fmt::format("line {}\n", i)));
  return log;
}

// One stream says something at the beginning and at the very end.
Log silent_stream_log() {
  auto log = one_stream_log();
  log.insert(log.begin(), err(at(0), "begun\n"));
  log.push_back(err(at(230), "ended\n"));
  return log;
}

std::string random_text(std::mt19937& random, std::size_t length) {
  std::string text;
  while (text.size() < length) text += static_cast<char>(' ' + random() % 95);
  return text;
}

// Lines of up to 200 KiB, some in the daemon's pieces of 16 KiB: batches fill up by themselves.
Log bulky_log() {
  std::mt19937 random(1);
  Log log;
  for (int line = 0; line < 6; ++line) {
    const int pieces = line % 3 == 0 ? 12 : 2;
    for (int piece = 0; piece < pieces; ++piece) {
      log.push_back((line % 2 == 0 ? out : err)(at(line / 2), random_text(random, 16'384)));
    }
    log.push_back(out(at(line / 2), random_text(random, 200'000) + "\n"));
  }
  return log;
}

const std::map<std::string, Log>& logs() {
  static const std::map<std::string, Log> all{{"everyday", everyday_log()},
                                              {"one stream", one_stream_log()},
                                              {"silent stream", silent_stream_log()},
                                              {"bulky", bulky_log()}};
  return all;
}

}  // namespace

TEST_CASE("output is copied as it is, behind what is there") {
  for (const auto& [name, log] : logs()) {
    for (const int flush_every : {1, 3, 1000}) {
      INFO(name << ", flushed every " << flush_every);
      const Journey journey;
      auto copy = journey.copy();
      play(log, copy, flush_every);
      check_complete(log, journey);
    }
  }
}

TEST_CASE("output that was copied is not copied again") {
  for (const auto& [name, log] : logs()) {
    INFO(name);
    const Journey journey;
    for (int times = 0; times < 3; ++times) {
      auto copy = journey.copy();
      play(log, copy);
    }
    check_complete(log, journey);
  }
}

TEST_CASE("output that goes on is copied from where it was") {
  const auto log = everyday_log();
  for (std::size_t length = 0; length <= log.size(); ++length) {
    INFO("first " << length << " entries");
    const Journey journey;
    const Log first(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(length));
    auto copy = journey.copy();
    play(first, copy);
    play(log, copy);  // the same object, as after a lost connection
    check_complete(log, journey);
  }
}

TEST_CASE("a copy that is killed between any two steps goes on exactly there") {
  for (const auto& [name, log] : logs()) {
    for (const int flush_every : {1, 4}) {
      for (int steps = 1;; steps += name == "bulky" ? 7 : 1) {
        INFO(name << ", flushed every " << flush_every << ", killed after step " << steps);
        const Journey journey;
        const bool finished = dies_after(steps, log, journey, flush_every);
        auto copy = journey.copy();
        play(log, copy);
        check_complete(log, journey);
        if (finished) break;
      }
    }
  }
}

TEST_CASE("a copy that is killed within a write, at any byte, goes on exactly there") {
  const auto log = everyday_log();
  for (const int flush_every : {1, 1000}) {
    for (std::size_t bytes = 0;; ++bytes) {
      INFO("flushed every " << flush_every << ", killed after byte " << bytes);
      const Journey journey;
      const bool finished = dies_at_size(prelude.size() + bytes, log, journey, flush_every);
      auto copy = journey.copy();
      play(log, copy, 2);
      check_complete(log, journey);
      if (finished) break;
    }
  }
}

TEST_CASE("a copy of much output that is killed within a write goes on exactly there") {
  const auto log = bulky_log();
  for (std::size_t bytes = 0;; bytes += 49'999) {
    INFO("killed after byte " << bytes);
    const Journey journey;
    const bool finished = dies_at_size(prelude.size() + bytes, log, journey, 1000);
    auto copy = journey.copy();
    play(log, copy, 7);
    check_complete(log, journey);
    if (finished) break;
  }
}

TEST_CASE("a copy that is killed again and again, also while it recovers, ends complete") {
  for (unsigned seed = 1; seed <= 15; ++seed) {
    for (const auto& [name, log] : logs()) {
      if (name == "bulky" && seed > 2) continue;
      INFO(name << ", seed " << seed);
      std::mt19937 random(seed);
      const Journey journey;
      const auto whole = prelude.size() + copied(log, Stream::out).size();
      for (int life = 0; life < 8; ++life) {
        const int flush_every = 1 + static_cast<int>(random() % 6);
        if (random() % 2 == 0) {
          dies_after(1 + static_cast<int>(random() % 20), log, journey, flush_every);
        } else {
          dies_at_size(prelude.size() + random() % (whole - prelude.size()), log, journey,
                       flush_every);
        }
      }
      auto copy = journey.copy();
      play(log, copy);
      check_complete(log, journey);
    }
  }
}

// --- others write to the same files --------------------------------------------------------------

namespace {

void append_foreign(const Journey& journey, const std::string& line) {
  for (const char* name : names) {
    std::ofstream(journey.sandbox / name, std::ios::binary | std::ios::app) << line;
  }
}

std::string without(std::string text, const std::string& line) {
  for (std::size_t place = 0; (place = text.find(line)) != std::string::npos;) {
    text.erase(place, line.size());
  }
  return text;
}

void check_complete_but_for(const std::string& line, const Log& log, const Journey& journey) {
  for (const Stream stream : {Stream::out, Stream::err}) {
    CHECK(without(journey.in_sandbox(stream), line) == copied(log, stream));
  }
}

const std::string foreign = "<words of the slave>\n";

}  // namespace

TEST_CASE("others may append between any two writes") {
  for (const char* name : {"everyday", "one stream", "silent stream"}) {
    INFO(name);
    const auto& log = logs().at(name);
    const Journey journey;
    auto copy = journey.copy();
    play(log, copy, 1, [&] { append_foreign(journey, foreign); });
    check_complete_but_for(foreign, log, journey);
  }
}

TEST_CASE("others may append after a copy was killed between two steps") {
  for (const char* name : {"everyday", "one stream", "silent stream"}) {
    const auto& log = logs().at(name);
    for (int steps = 1;; ++steps) {
      INFO(name << ", killed after step " << steps);
      const Journey journey;
      const bool finished = dies_after(steps, log, journey, 3);
      append_foreign(journey, foreign);
      auto copy = journey.copy();
      play(log, copy, 3, [&] { append_foreign(journey, foreign); });
      check_complete_but_for(foreign, log, journey);
      if (finished) break;
    }
  }
}

TEST_CASE("others may append much after a copy was killed") {
  const auto log = everyday_log();
  const auto much = std::string(3 << 20, 'x') + "\n";
  for (int steps = 1;; ++steps) {
    INFO("killed after step " << steps);
    const Journey journey;
    const bool finished = dies_after(steps, log, journey, 3);
    append_foreign(journey, much);
    auto copy = journey.copy();
    play(log, copy);
    for (const Stream stream : {Stream::out, Stream::err}) {
      CHECK(without(journey.in_sandbox(stream), much) == copied(log, stream));
    }
    if (finished) break;
  }
}

TEST_CASE("others may append after a copy was killed before a write that it had announced") {
  const Log log{out(at(1), "one\n"), out(at(2), "\n"), out(at(3), "three\n"), out(at(4), "<w\n")};
  for (std::size_t first = 0; first < log.size(); ++first) {
    INFO("killed before entry " << first);
    const Journey journey;
    const Log before(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(first));
    dies_at_size(prelude.size() + copied(before, Stream::out).size(), log, journey, 1);
    append_foreign(journey, foreign);
    auto copy = journey.copy();
    play(log, copy);
    check_complete_but_for(foreign, log, journey);
  }
}

// The kernel ends a write of a killed process between two pages.
TEST_CASE("others may append after a copy was killed in the middle of a write") {
  const Log log{out(at(1), std::string(9'000, 'a') + "\n"), out(at(2), "second\n")};
  for (const std::size_t size : {4096, 8192}) {
    INFO("killed at size " << size);
    const Journey journey;
    dies_at_size(size, log, journey, 1);
    REQUIRE(journey.in_sandbox(Stream::out).size() == size - prelude.size());
    append_foreign(journey, foreign);
    auto copy = journey.copy();
    play(log, copy);
    check_complete_but_for(foreign, log, journey);
  }
}

// --- clocks --------------------------------------------------------------------------------------

namespace {

// The clock is set back twice, by an hour and by a second.
Log setback_log() {
  return {out(at(7200), "a\n"),       err(at(7201), "b\n"), out(at(7202), "c\n"),
          out(at(3600), "back\n"),    err(at(3601), "d\n"), out(at(3602), "e\n"),
          out(at(3602), "e\n"),       err(at(3602), "f\n"), out(at(3601), "back again\n"),
          out(at(3601, 5), "g\n"),    err(at(3605), "h\n"), err(at(3604), "i\n"),
          out(at(7202), "as of c\n"), out(at(7203), "j\n")};
}
constexpr int first_after_setback = 3;

}  // namespace

TEST_CASE("a clock that is set back changes nothing for a copy that goes on", "[scenario-65]") {
  const Journey journey;
  auto copy = journey.copy();
  play(setback_log(), copy);
  check_complete(setback_log(), journey);
  play(setback_log(), copy);
  check_complete(setback_log(), journey);
}

TEST_CASE("a copy that is killed after the clock was set back goes on exactly there",
          "[scenario-65]") {
  const auto log = setback_log();
  for (int steps = 2 * first_after_setback + 2;; ++steps) {
    INFO("killed after step " << steps);
    const Journey journey;
    const bool finished = dies_after(steps, log, journey, 1);
    auto copy = journey.copy();
    play(log, copy);
    check_complete(log, journey);
    if (finished) break;
  }
}

TEST_CASE("a copy that is killed within the first write after the clock was set back",
          "[scenario-65]") {
  const auto log = setback_log();
  for (const std::size_t bytes : {4, 5, 6, 8, 9, 11, 13}) {
    INFO("killed after byte " << bytes);
    const Journey journey;
    dies_at_size(prelude.size() + bytes, log, journey, 1);
    auto copy = journey.copy();
    play(log, copy);
    check_complete(log, journey);
  }
}

TEST_CASE("the streams may be a little out of order to each other") {
  Log log;
  for (int i = 0; i < 10; ++i) {
    log.push_back(out(at(100 + i * 30), fmt::format("out {}\n", i)));
    log.push_back(err(at(100 + i * 30 - 5), fmt::format("err {}\n", i)));
  }
  for (int steps = 1;; ++steps) {
    INFO("killed after step " << steps);
    const Journey journey;
    const bool finished = dies_after(steps, log, journey, 1);
    auto copy = journey.copy();
    play(log, copy);
    check_complete(log, journey);
    if (finished) break;
  }
}

// --- what can happen to the files ----------------------------------------------------------------

TEST_CASE("a task may remove or replace its output files while they are written") {
  const TemporaryDirectory elsewhere;
  write_file(elsewhere / "victim", "secret");
  const auto trick = GENERATE(as<std::string>(), "removed", "link", "pipe", "file");
  const auto place_of = [](const Journey& journey) { return journey.sandbox / "stdout"; };
  INFO(trick);
  const Journey journey;
  auto copy = journey.copy();
  REQUIRE(copy.resume().ok());
  REQUIRE(copy.take(out(at(1), "before\n")).ok());
  REQUIRE(copy.flush().ok());

  const auto place = place_of(journey);
  std::filesystem::remove(place);
  if (trick == "link") std::filesystem::create_symlink(elsewhere / "victim", place);
  if (trick == "pipe") REQUIRE(::mkfifo(place.c_str(), 0666) == 0);
  if (trick == "file") write_file(place, "the task's own\n");

  REQUIRE(copy.take(out(at(2), "after\n")).ok());
  REQUIRE(copy.flush().ok());
  CHECK(content_of(place) == (trick == "file" ? "the task's own\nafter\n" : "after\n"));
  CHECK(content_of(elsewhere / "victim") == "secret");
}

TEST_CASE("a file that a task empties is written on") {
  const Journey journey;
  auto copy = journey.copy();
  REQUIRE(copy.resume().ok());
  REQUIRE(copy.take(out(at(1), "before\n")).ok());
  REQUIRE(copy.flush().ok());
  write_file(journey.sandbox / "stdout", "");
  REQUIRE(copy.take(out(at(2), "after\n")).ok());
  REQUIRE(copy.flush().ok());
  CHECK(content_of(journey.sandbox / "stdout") == "after\n");
}

TEST_CASE("output that cannot be written is told, and copied once it can be") {
  const auto log = everyday_log();
  const Journey journey;
  for (const char* name : names) {
    std::filesystem::rename(journey.sandbox / name, journey.sandbox / "kept" + name);
    std::filesystem::create_directory(journey.sandbox / name);
  }
  auto copy = journey.copy();
  const auto failed = copy.resume();
  REQUIRE(failed.failed_with(Fault::conflict));
  CHECK(failed.failure().text.find(journey.sandbox / "stdout") != std::string::npos);
  for (const char* name : names) {
    std::filesystem::remove(journey.sandbox / name);
    std::filesystem::rename(journey.sandbox / "kept" + name, journey.sandbox / name);
  }
  play(log, copy);
  check_complete(log, journey);
}

TEST_CASE("a full disk is told, and the copy goes on once there is room", "[scenario-57]") {
  const auto log = everyday_log();
  const Journey journey;
  const int status = run_in_child([&] {
    // The file's limit stands for the disk's; without its signal it is an error like any other.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{prelude.size() + 20, RLIM_INFINITY};
    const rlimit much{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &none);
    auto copy = journey.copy();
    expect(copy.resume().ok(), "the copy resumes");
    Status last = Done{};
    for (std::size_t i = 0; i < log.size() && last.ok(); ++i) {
      last = copy.take(log[i]);
      if (last.ok()) last = copy.flush();
    }
    // A limit is reported as a file that is too large.
    expect(last.failed_with(Fault::conflict), "there is no room");
    expect(last.failure().text.find(journey.sandbox.path()) != std::string::npos,
           "the file is named");
    ::setrlimit(RLIMIT_FSIZE, &much);
    play(log, copy);
  });
  CHECK(status == 0);
  check_complete(log, journey);
}

TEST_CASE("a cursor file that makes no sense is one that is not there") {
  const auto bytes = GENERATE(as<std::string>(), "", "x", std::string(1000, 'x'));
  const auto log = everyday_log();
  const Journey journey;
  write_file(journey.state / "cursor", bytes);
  auto copy = journey.copy();
  play(log, copy);
  check_complete(log, journey);
}

TEST_CASE("a cursor file that cannot be opened is told with its path") {
  const Journey journey;
  OutputCopy copy(journey.sandbox.path(), journey.state / "absent/cursor");
  const auto failed = copy.resume();
  REQUIRE(failed.failed_with(Fault::unavailable));
  CHECK(failed.failure().text.find(journey.state / "absent/cursor") != std::string::npos);
}

TEST_CASE("output that the daemon has thrown away since does not stop the rest") {
  const auto log = one_stream_log();
  const Journey journey;
  // Dies with a begun batch; what it held is gone when the copy resumes.
  dies_at_size(prelude.size() + 10, log, journey, 4);
  auto copy = journey.copy();
  const Log rest(log.end() - 2, log.end());
  play(rest, copy);
  CHECK(journey.in_sandbox(Stream::out).find("line 11\n") != std::string::npos);
}
