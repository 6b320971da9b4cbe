// export: prints the rows of the database as JSON lines, for a warehouse that collects many slaves.
// docs/fleet.md describes the lines, and how PostgreSQL loads them.
#include "store/export.h"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>

#include "cli/command_line.h"
#include "cli/databases.h"
#include "cli/printing.h"
#include "cli/version.h"
#include "host/file.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace json = boost::json;

// The version of the lines. A reader accepts new columns; other changes raise it.
constexpr int format_version = 1;

json::value value_of(const store::Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  // Neither JSON nor PostgreSQL has zero bytes, or bytes that are not UTF-8.
  if (const auto* text = std::get_if<std::string>(&cell))
    return json::string(one_line(*text, text->size()));
  return nullptr;
}

// Writes lines in large pieces. After a failure it ignores further lines.
class Lines {
 public:
  explicit Lines(int output) : output_(output) {}

  void add(const json::object& line) {
    buffer_ += safe_json(json::serialize(line)) + "\n";
    constexpr std::size_t enough = 1 << 16;
    if (buffer_.size() >= enough) flush();
  }
  // Returns the exit status.
  int finish() {
    flush();
    if (error_ == 0) return exit_ok;
    errno = error_;
    return output_failed();
  }

 private:
  void flush() {
    if (error_ == 0 && !write_all(output_, buffer_)) error_ = errno;
    buffer_.clear();
  }

  int output_;
  std::string buffer_;
  int error_ = 0;
};

json::object line_of(const std::string& table, json::object&& row) {
  return {{"table", table}, {"row", std::move(row)}};
}

// The slave's name for people. Copies are exported on another host, so a person names them.
std::string host_name() {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

}  // namespace

int export_rows(Invocation& invocation) {
  std::int64_t after = 0;
  std::string host = host_name();
  std::string file;
  CommandLine line("export", "Prints the records as JSON lines, for a database of many slaves.");
  line.number("--after", after, "N", "only what is newer than event N (default 0: everything)");
  line.option("--host", host, "NAME", "the slave's name in the records (default: this host's)");
  line.optional_argument("DATABASE", file, "a copy of a slave's state.db");
  if (const auto status = line.parse(invocation)) return *status;
  const auto databases =
      find_databases(invocation, file.empty() ? std::vector<std::string>() : std::vector{file});
  if (!databases.ok()) return fail(databases.failure().text);
  const auto database = databases.value().front().open();
  Lines lines(invocation.output);
  const auto head = store::read_head(*database);
  if (after > head.newest_event) {
    return fail(
        formatted("--after={}: the newest event is {}; the database was replaced, so"
                  " export everything, without --after",
                  after, head.newest_event));
  }
  lines.add(line_of("slaves", {{"format", format_version},
                               {"instance", head.instance},
                               {"host", one_line(host)},
                               {"program", version_text()},
                               {"exported_at", invocation.store.now().wall}}));
  const auto last = store::export_rows(*database, after, [&](const store::Row& row) {
    json::object cells;
    cells.emplace("instance", head.instance);
    for (const auto& [name, cell] : row.cells) cells.emplace(name, value_of(cell));
    lines.add(line_of(row.table, std::move(cells)));
  });
  lines.add(line_of("positions", {{"instance", head.instance}, {"after", last}}));
  return lines.finish();
}

}  // namespace containerizer
