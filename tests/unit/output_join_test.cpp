// A join, with a daemon of which only a log is there.
#include "engine/supervisor/output_join.h"

#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <vector>

#include "host/format.h"
#include "temporary_directory.h"

using namespace containerizer;

namespace {

constexpr std::int64_t start = 1'700'000'000'000;
constexpr auto out = OutputStream::out;

class Log : public LogReader {
 public:
  explicit Log(std::vector<LogEntry> entries) : entries_(std::move(entries)) {}
  int fd() const override { return -1; }
  Result<std::optional<LogEntry>> next() override {
    if (next_ == entries_.size()) return Failure{Fault::not_found, "there is no more of it"};
    return std::optional(entries_[next_++]);
  }

 private:
  std::vector<LogEntry> entries_;
  std::size_t next_ = 0;
};

template <class T>
T unused() {
  throw std::logic_error("a join only reads the log");
}

class LogDaemon : public Docker {
 public:
  using Text = const std::string&;
  using Body = const boost::json::object&;

  explicit LogDaemon(std::vector<LogEntry> entries) : entries_(std::move(entries)) {}

  Result<std::unique_ptr<LogReader>> read_log(Text, Text, std::size_t) override {
    return std::unique_ptr<LogReader>(std::make_unique<Log>(entries_));
  }

  Result<std::string> create(Text, Body) override { return unused<Failure>(); }
  Status start(Text) override { return unused<Failure>(); }
  Result<ContainerFacts> inspect(Text) override { return unused<Failure>(); }
  Result<std::vector<ContainerFacts>> list(Text, Text) override { return unused<Failure>(); }
  Status kill(Text, Text) override { return unused<Failure>(); }
  Status remove(Text) override { return unused<Failure>(); }
  Status update(Text, Body) override { return unused<Failure>(); }
  Result<bool> has_image(Text) override { return unused<Failure>(); }
  Result<ExposedPorts> exposed_ports(Text) override { return unused<Failure>(); }
  Status pull(Text, const RegistryAuth&, int, const PullListener&) override {
    return unused<Failure>();
  }
  Result<std::unique_ptr<Attachment>> attach(Text) override { return unused<Failure>(); }
  Result<std::unique_ptr<ExitStream>> open_exit_stream(Text) override { return unused<Failure>(); }
  Result<std::vector<int>> signals_sent(const ContainerFacts&) override {
    return unused<Failure>();
  }
  Result<DaemonInfo> info() override { return unused<Failure>(); }
  Status ping() override { return unused<Failure>(); }

 private:
  std::vector<LogEntry> entries_;
};

}  // namespace

// A later join finds the end of what was copied, and nothing shows the gap before it.
TEST_CASE("a gap is reported before anything behind it is copied, whatever ends the join",
          "[scenario-73]") {
  const TemporaryDirectory state;
  OutputBuffer buffer(state / "output", "a boot");
  buffer.put(out, "the copy in the sandbox\n", start);
  std::vector<LogEntry> log;
  const std::string line(1'000, 'x');
  // More than the buffer has room for, so the join waits in the middle of it.
  for (int i = 0; i < 1'000; ++i) {
    log.push_back({out, rfc3339(start + 1'000 + i), formatted("{} {}\n", i, line)});
  }
  LogDaemon daemon(log);
  std::vector<std::pair<std::int64_t, std::int64_t>> gaps;
  std::size_t room = 0;
  OutputJoin join(daemon, buffer, [&](std::int64_t from, std::int64_t to) {
    gaps.emplace_back(from, to);
    room = buffer.room(out);
  });
  OutputJoin::Streams streams;
  streams[0].emplace().sought.tail = buffer.tail(out);
  const auto before = buffer.room(out);
  join.start("a container", streams, start + 5'000);
  while (!join.is_full()) REQUIRE(join.advance().ok());
  join.stop();
  CHECK(gaps == std::vector<std::pair<std::int64_t, std::int64_t>>{{start, start + 1'000}});
  CHECK(room == before);
  CHECK(buffer.room(out) < line.size());
}
