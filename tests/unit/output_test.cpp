// The way of output from memory into a sandbox: what is there once it was put in, whoever dies.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "engine/supervisor/output_intake.h"
#include "engine/supervisor/output_writer.h"
#include "host/format.h"
#include "temporary_directory.h"

using namespace containerizer;

namespace {

constexpr auto out = OutputStream::out;
constexpr auto err = OutputStream::err;
// What others wrote into the sandbox before.
const std::string prelude(1024, '#');
const std::string foreign = "<a line of the slave>\n";

struct Piece {
  OutputStream stream;
  std::string bytes;
};
using Pieces = std::vector<Piece>;

std::string joined(const Pieces& pieces, OutputStream stream) {
  std::string all;
  for (const auto& piece : pieces) {
    if (piece.stream == stream) all += piece.bytes;
  }
  return all;
}

const char* name_of(OutputStream stream) { return stream == out ? "stdout" : "stderr"; }

// One container's output on its way into a sandbox.
struct Journey {
  Journey() {
    for (const auto stream : {out, err}) write_file(sandbox / name_of(stream), prelude);
  }

  // A life of the process that copies; the buffer outlives it.
  struct Life {
    explicit Life(const Journey& journey, OutputLimits limits = {})
        : buffer(std::make_shared<OutputBuffer>(journey.state / "output", "a boot")),
          writer(buffer, journey.sandbox.path(), limits) {}
    void put(const Piece& piece) { buffer->put(piece.stream, piece.bytes, 1); }

    std::shared_ptr<OutputBuffer> buffer;
    OutputWriter writer;
  };

  std::string content(OutputStream stream) const {
    const auto all = content_of(sandbox / name_of(stream));
    REQUIRE(all.substr(0, prelude.size()) == prelude);
    return all.substr(prelude.size());
  }

  // `removed`: what others wrote.
  void check(const Pieces& pieces, const std::string& removed = "") const {
    for (const auto stream : {out, err}) {
      auto found = content(stream);
      for (std::size_t at = 0; !removed.empty() && (at = found.find(removed)) != found.npos;) {
        found.erase(at, removed.size());
      }
      const auto wanted = joined(pieces, stream);
      INFO(name_of(stream) << " has " << found.size() << " bytes of " << wanted.size());
      CHECK(found.compare(wanted) == 0);  // == would print it all
    }
  }

  void append(const std::string& text) const {
    for (const auto stream : {out, err}) {
      std::ofstream(sandbox / name_of(stream), std::ios::app) << text;
    }
  }

  TemporaryDirectory sandbox;
  TemporaryDirectory state;
};

Pieces everyday() {
  return {{out, "first\n"}, {err, "problem\n"}, {out, "\n"},     {out, "\n"},
          {out, "same\n"},  {out, "same\n"},    {err, "no end"}, {out, std::string("a\0b\n", 4)}};
}

Pieces bulky() {
  Pieces pieces;
  for (int i = 0; i < 12; ++i) {
    pieces.push_back(
        {i % 3 == 0 ? err : out, std::string(30'000, static_cast<char>('a' + i)) + "\n"});
  }
  return pieces;
}

// Dies after so many steps of putting in and writing. Whether it got to the end before.
bool dies_after(int steps, const Pieces& pieces, const Journey& journey) {
  const int status = run_in_child([&] {
    Journey::Life life(journey);
    const auto step = [&] {
      if (--steps == 0) ::raise(SIGKILL);
    };
    for (const auto& piece : pieces) {
      life.put(piece);
      step();
      life.writer.run();
      step();
    }
  });
  REQUIRE((status == 0 || was_killed(status)));
  return status == 0;
}

// Dies within the write that would make a file larger than that.
void dies_at_size(std::size_t size, const Pieces& pieces, const Journey& journey) {
  const int status = run_in_child([&] {
    Journey::Life life(journey);
    for (const auto& piece : pieces) life.put(piece);
    const rlimit none{0, 0};
    const rlimit limited{size, size};
    ::setrlimit(RLIMIT_CORE, &none);
    ::setrlimit(RLIMIT_FSIZE, &limited);
    life.writer.run();
  });
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ));
}

// An attachment that brings these pieces, all at once, and then stays open.
class Brings : public Attachment {
 public:
  explicit Brings(Pieces pieces) : pieces_(std::move(pieces)) {}
  int fd() const override { return -1; }
  Result<std::optional<OutputPiece>> next() override {
    if (next_ == pieces_.size()) return std::optional<OutputPiece>();
    const auto& piece = pieces_[next_++];
    return std::optional(OutputPiece{piece.stream, piece.bytes});
  }
  std::size_t left() const { return pieces_.size() - next_; }

 private:
  Pieces pieces_;
  std::size_t next_ = 0;
};

// An attachment that brings what arrives meanwhile.
class Arrives : public Attachment {
 public:
  int fd() const override { return 0; }
  Result<std::optional<OutputPiece>> next() override {
    if (there_.empty()) return std::optional<OutputPiece>();
    taken_.swap(there_);
    there_.clear();
    return std::optional(OutputPiece{out, taken_});
  }
  void arrive(const std::string& bytes) { there_ += bytes; }
  std::size_t waiting() const { return there_.size(); }

 private:
  std::string there_;
  std::string taken_;
};

}  // namespace

TEST_CASE("output is written as it is, behind what is there") {
  for (const auto& pieces : {everyday(), bulky()}) {
    const Journey journey;
    Journey::Life life(journey);
    for (const auto& piece : pieces) {
      life.put(piece);
      life.writer.run();
      CHECK_FALSE(life.writer.failure());
    }
    CHECK(life.buffer->is_written());
    journey.check(pieces);
  }
}

TEST_CASE("what was put in is written by the next life, once") {
  const auto pieces = everyday();
  for (int steps = 1;; ++steps) {
    INFO("killed after step " << steps);
    const Journey journey;
    const bool is_whole = dies_after(steps, pieces, journey);
    journey.append(foreign);
    Journey::Life life(journey);
    life.writer.run();
    const auto put = std::min<std::size_t>(pieces.size(), static_cast<std::size_t>(steps + 1) / 2);
    for (auto i = put; i < pieces.size(); ++i) life.put(pieces[i]);
    life.writer.run();
    journey.check(pieces, foreign);
    if (is_whole) break;
  }
}

TEST_CASE("a write that is cut by a death is completed") {
  const Pieces pieces{{out, std::string(9'000, 'a') + "\n"}, {out, "second\n"}};
  for (const std::size_t size : {1025, 4096, 5000, 8192}) {
    for (const bool others_append : {false, true}) {
      // Others find the end of a page, where the kernel ends a killed process's write.
      if (others_append && size % 4096 != 0) continue;
      INFO("cut at size " << size);
      const Journey journey;
      dies_at_size(size, pieces, journey);
      REQUIRE(content_of(journey.sandbox / "stdout").size() == size);
      if (others_append) journey.append(foreign);
      Journey::Life life(journey);
      life.writer.run();
      journey.check(pieces, foreign);
    }
  }
}

TEST_CASE("a write that is done, and that a death has kept from being noted, is not repeated") {
  const Pieces pieces{{out, std::string(9'000, 'a') + "\n"}};
  const auto& bytes = pieces[0].bytes;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1025}, bytes.size()}) {
    INFO("done up to size " << size);
    const Journey journey;
    {
      Journey::Life life(journey);
      life.put(pieces[0]);
      life.buffer->start_write(out, {bytes.size(), prelude.size()});
      std::ofstream(journey.sandbox / "stdout", std::ios::app) << bytes.substr(0, size);
    }
    Journey::Life life(journey);
    life.writer.run();
    journey.check(pieces);
  }
}

TEST_CASE("a buffer of another boot is empty, and says so") {
  const TemporaryDirectory state;
  {
    OutputBuffer buffer(state / "output", "a boot");
    buffer.put(out, "lost\n", 1);
    CHECK_FALSE(buffer.is_of_other_boot());
  }
  CHECK_FALSE(OutputBuffer(state / "output", "a boot").is_written());
  const OutputBuffer buffer(state / "output", "the next boot");
  CHECK(buffer.is_of_other_boot());
  CHECK(buffer.is_written());
}

TEST_CASE("a buffer that cannot be kept works all the same") {
  const TemporaryDirectory state;
  const auto content = GENERATE(as<std::string>(), "directory", "nonsense");
  if (content == "directory") std::filesystem::create_directory(state / "output");
  if (content == "nonsense") write_file(state / "output", std::string(1000, 'x'));
  OutputBuffer buffer(state / "output", "a boot");
  CHECK(buffer.trouble().empty() == (content == "nonsense"));
  buffer.put(out, "kept", 1);
  CHECK(buffer.unwritten(out, 100) == "kept");
}

TEST_CASE("a tail has the last bytes, and when they came") {
  const TemporaryDirectory state;
  OutputBuffer buffer(state / "output", "a boot");
  CHECK(buffer.tail(out).bytes.empty());
  for (int i = 0; i < 1000; ++i) {
    buffer.put(out, formatted("{:099}\n", i), 1'000 + i);
    buffer.end_write(out, 100);
  }
  const auto tail = buffer.tail(out);
  CHECK(tail.bytes.size() == OutputBuffer::longest_tail);
  CHECK(tail.bytes.ends_with("0999\n"));
  CHECK(tail.last == 1'999);
  CHECK(tail.first <= 1'000 + 1'000 - 41);
  CHECK(tail.first > 1'900);
}

TEST_CASE("a task may remove or replace its output files while they are written") {
  const TemporaryDirectory elsewhere;
  write_file(elsewhere / "victim", "secret");
  const auto trick = GENERATE(as<std::string>(), "removed", "link", "pipe", "file");
  INFO(trick);
  const Journey journey;
  Journey::Life life(journey);
  life.put({out, "before\n"});
  life.writer.run();
  const auto place = journey.sandbox / "stdout";
  std::filesystem::remove(place);
  if (trick == "link") std::filesystem::create_symlink(elsewhere / "victim", place);
  if (trick == "pipe") REQUIRE(::mkfifo(place.c_str(), 0666) == 0);
  if (trick == "file") write_file(place, "the task's own\n");
  life.put({out, "after\n"});
  life.writer.run();
  CHECK(content_of(place) == (trick == "file" ? "the task's own\nafter\n" : "after\n"));
  CHECK(content_of(elsewhere / "victim") == "secret");
}

TEST_CASE("a full disk is reported, and the rest is written once there is room", "[scenario-57]") {
  const auto pieces = everyday();
  const Journey journey;
  const int status = run_in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    Journey::Life life(journey);
    for (const auto& piece : pieces) life.put(piece);
    // The file's limit stands for the disk's.
    const rlimit none{prelude.size() + 7, RLIM_INFINITY};
    const rlimit much{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &none);
    life.writer.run();
    const auto failure = life.writer.failure();
    // A limit is reported as a file that is too large.
    expect(failure && failure->fault == Fault::conflict, "there is no room");
    expect(failure->text.find(journey.sandbox.path()) != std::string::npos, "the file is named");
    ::setrlimit(RLIMIT_FSIZE, &much);
    life.writer.run();
    expect(!life.writer.failure(), "there is room");
  });
  CHECK(status == 0);
  journey.check(pieces);
}

TEST_CASE("output is complete only when the disk has it") {
  const Journey journey;
  const int status = run_in_child([&] {
    Journey::Life life(journey);
    for (const auto& piece : everyday()) life.put(piece);
    fail_every_call(SYS_fsync, EIO);
    life.writer.run();
    REQUIRE_FALSE(life.writer.failure());
    life.writer.ask_for_sync();
    life.writer.run();
    const auto failure = life.writer.failure();
    REQUIRE(failure);
    REQUIRE(failure->text.find("/stdout: Input/output error") != failure->text.npos);
    REQUIRE_FALSE(life.writer.is_synced());
  });
  CHECK(status == 0);
  Journey::Life life(journey);
  life.writer.ask_for_sync();
  life.writer.run();
  CHECK(life.writer.is_synced());
  journey.check(everyday());
}

TEST_CASE("output for a sandbox that is gone is let go") {
  const Journey journey;
  Journey::Life life(journey);
  std::filesystem::remove_all(journey.sandbox.path());
  life.put({out, "nowhere\n"});
  life.writer.run();
  REQUIRE(life.writer.failure());
  CHECK(life.writer.failure()->fault == Fault::refused);
  CHECK(life.buffer->is_written());
}

TEST_CASE("files are rotated when they are full") {
  const Journey journey;
  Journey::Life life(journey, {.size = 2'000, .files = 2});
  for (int i = 0; i < 5; ++i) {
    life.put({out, std::string(2'000, static_cast<char>('a' + i))});
    life.writer.run();
  }
  life.put({out, "end\n"});
  life.writer.run();
  CHECK(content_of(journey.sandbox / "stdout") == "end\n");
  CHECK(content_of(journey.sandbox / "stdout.1") == std::string(2'000, 'e'));
  CHECK(content_of(journey.sandbox / "stdout.2") == std::string(2'000, 'd'));
  CHECK_FALSE(std::filesystem::exists(journey.sandbox / "stdout.3"));
  CHECK(journey.content(err).empty());
}

TEST_CASE("an attachment goes into the buffer, or is held back until it is released") {
  const TemporaryDirectory state;
  OutputBuffer buffer(state / "output", "a boot");
  OutputIntake intake(buffer);
  const bool is_first = GENERATE(true, false);
  intake.attach(std::make_unique<Brings>(everyday()), is_first, 5);
  REQUIRE(intake.take({}, 7).ok());
  if (!is_first) {
    CHECK(buffer.is_written());
    CHECK(intake.held(out) == joined(everyday(), out));
    CHECK(intake.held_since(out) == 7);
    intake.release(out);
    intake.release(err);
    REQUIRE(intake.take({}, 8).ok());
  }
  CHECK(intake.is_passed_on());
  CHECK(buffer.unwritten(out, 1000) == joined(everyday(), out));
  CHECK(buffer.unwritten(err, 1000) == joined(everyday(), err));
}

TEST_CASE("what nothing takes for a second is dropped and counted, so that no container waits") {
  const TemporaryDirectory state;
  OutputBuffer buffer(state / "output", "a boot");
  OutputIntake intake(buffer);
  auto pieces = bulky();
  pieces.resize(9);
  auto brings = std::make_unique<Brings>(pieces);
  auto* attachment = brings.get();
  intake.attach(std::move(brings), true, 5);
  Deadline now{};
  REQUIRE(intake.take(now, 5).ok());
  REQUIRE(intake.drops_at());
  CHECK(*intake.drops_at() == now + Duration(1'000));
  CHECK(attachment->left() > 0);
  REQUIRE(intake.take(now + Duration(999), 6).ok());
  CHECK_FALSE(intake.is_dropping());
  REQUIRE(intake.take(now + Duration(1'000), 7).ok());
  CHECK(intake.is_dropping());
  CHECK(attachment->left() == 0);
  CHECK(intake.is_held(out));
  const auto kept = OutputBuffer::ring_size - buffer.room(out);
  CHECK(intake.dropped(out) == joined(pieces, out).size() - kept);
  intake.stop_dropping(9);
  CHECK_FALSE(intake.is_dropping());
  CHECK(intake.attached_at() == 9);
}

TEST_CASE("a container that writes all the time is looked at in batches, and none waits long") {
  const TemporaryDirectory state;
  OutputBuffer buffer(state / "output", "a boot");
  OutputIntake intake(buffer);
  auto arrives = std::make_unique<Arrives>();
  auto* attachment = arrives.get();
  intake.attach(std::move(arrives), true, 0);
  int takes = 0;
  int lines = 0;
  int waits_since = 0;
  const auto take = [&](int at) {
    ++takes;
    CHECK(at - waits_since <= 500);
    do {
      REQUIRE(intake.take(Deadline(Duration(at)), at).ok());
      buffer.end_write(out, buffer.unwritten(out, OutputBuffer::ring_size).size());
    } while (!intake.is_passed_on() || intake.has_more());
  };
  // For each millisecond. A line of so many bytes arrives again and again.
  const auto live = [&](int from, int to, int every, std::size_t size) {
    for (int at = from; at < to; ++at) {
      if (attachment->waiting() == 0) waits_since = at;
      if (at % every == 0) {
        attachment->arrive(std::string(size, 'x'));
        ++lines;
      }
      const auto rests_until = intake.rests_until();
      const bool can_take =
          rests_until ? Deadline(Duration(at)) >= *rests_until : attachment->waiting() > 0;
      if (can_take) take(at);
    }
  };
  live(5'000, 5'001, 1, 10);
  CHECK(takes == 1);  // the first line does not wait
  live(10'000, 40'000, 100, 10);
  CHECK(takes < lines * 2 / 5);
  live(40'000, 41'000, 1, 1'000);
  takes = 0;
  live(41'000, 42'000, 1, 30'000);
  CHECK(takes > 900);  // more than a socket's buffer holds arrives in a longer rest
}
