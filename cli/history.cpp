// history: prints the recorded events of one container, or of all, oldest first.
// events: the same as JSON lines, which another program can resume by their sequence.

#include "cli/command_line.h"
#include "cli/follow.h"
#include "cli/printing.h"
#include "cli/terminal.h"
#include "host/format.h"
#include "host/times.h"

namespace containerizer {
namespace {

using store::HistoryEntry;
using store::HistorySelection;

// What both commands select by.
struct Options {
  std::string name, since, until;
  bool follow = false;

  void declare(CommandLine& line) {
    line.optional_argument("CONTAINER", name, container_argument);
    line.option("--since", since, "TIME", "only events since then: 10m, 2h, 7d, or a time");
    line.option("--until", until, "TIME", "only events until then");
    line.flag("-f,--follow", follow, "go on with new events as they are recorded");
  }

  Result<HistorySelection> selection(Invocation& invocation) const {
    HistorySelection wanted;
    for (const auto& [text, moment] :
         {std::pair(&since, &wanted.since), std::pair(&until, &wanted.until)}) {
      if (text->empty()) continue;
      const auto parsed = parse_moment(*text, invocation.store.now().wall);
      if (!parsed.ok()) return parsed.failure();
      *moment = parsed.value();
    }
    if (name.empty()) return wanted;
    const auto container = find_container(invocation, name);
    if (!container.ok()) return container.failure();
    wanted.container_id = container.value().container_id;
    return wanted;
  }
};

std::string line_of(const HistoryEntry& entry) {
  auto object = document();
  for (auto& member : to_json(entry)) object.insert(member);
  return safe_json_of(object) + "\n";
}

std::string table_of(const std::vector<HistoryEntry>& entries, const Screen& screen) {
  Rows rows{{"TIME", "CONTAINER", "FROM", "EVENT", "TO", "DETAIL"}};
  for (const auto& entry : entries) {
    rows.push_back({local_time(entry.at.wall), shown_id(entry.container_id, screen),
                    entry.from_state.value_or("-"), entry.event, entry.to_state, entry.detail});
  }
  // A container's line before tells the same.
  constexpr std::size_t roomy = 100;
  if (screen.columns > 0 && screen.columns < roomy) {
    constexpr std::ptrdiff_t from = 2;
    for (auto& row : rows) row.erase(row.begin() + from);
  }
  return table(rows, screen);
}

// The columns do not depend on what comes later.
std::string row_of(const HistoryEntry& entry, const Screen& screen) {
  const auto line = formatted("{}  {}  {:<8}  {:<16}  {:<8}  {}", local_time(entry.at.wall),
                              shown_id(entry.container_id, screen), entry.from_state.value_or("-"),
                              entry.event, entry.to_state, entry.detail);
  return cut_to_screen(line, screen) + "\n";
}

// Prints the selected entries after `wanted.after`, in portions, and with `follow` those that come.
template <class Format>
int print_entries(Invocation& invocation, HistorySelection wanted, bool follow, Format format) {
  constexpr std::int64_t portion = 1000;
  Follower follower(invocation, invocation.settings.state_directory());
  for (;;) {
    const auto entries = invocation.store.first_entries(wanted, portion);
    // While this waits, an open connection would keep the log from being emptied.
    invocation.store.close();
    std::string text;
    for (const auto& entry : entries) text += format(entry);
    if (!entries.empty()) {
      wanted.after = entries.back().sequence;
      if (const int status = print_safe(invocation, text); status != exit_ok) return status;
    }
    if (static_cast<std::int64_t>(entries.size()) == portion) continue;
    if (!follow || !follower.wait()) return exit_ok;
  }
}

}  // namespace

int history(Invocation& invocation) {
  Options options;
  bool json = false;
  std::int64_t most = 1000;
  CommandLine line("history", "Prints the recorded events of one container, or of all.");
  options.declare(line);
  line.count("--last", most, "N", "print only the newest N events (default 1000)");
  line.flag("--json", json, "print JSON");
  if (const auto status = line.parse(invocation)) return *status;
  auto wanted = options.selection(invocation);
  if (!wanted.ok()) return fail("history: " + wanted.failure().text);
  const auto entries = invocation.store.last_entries(wanted.value(), most);
  const auto screen = screen_of(invocation);
  if (json) {
    boost::json::array rows;
    for (const auto& entry : entries) rows.push_back(to_json(entry));
    auto whole = document();
    whole["events"] = std::move(rows);
    if (!options.follow) return print(invocation, whole);
    return fail("history: --json and --follow exclude each other; use `events --follow`",
                exit_usage);
  }
  const auto text = table_of(entries, screen);
  if (!options.follow) return print_page(invocation, text, screen);
  if (const int status = print_safe(invocation, text); status != exit_ok) return status;
  if (!entries.empty()) wanted.value().after = entries.back().sequence;
  return print_entries(invocation, wanted.value(), true,
                       [&](const HistoryEntry& entry) { return row_of(entry, screen); });
}

int events(Invocation& invocation) {
  Options options;
  std::int64_t after = 0;
  CommandLine line("events", "Prints the recorded events as JSON, one line for each.");
  options.declare(line);
  line.number("--after", after, "N", "only events with a higher sequence than N");
  if (const auto status = line.parse(invocation)) return *status;
  auto wanted = options.selection(invocation);
  if (!wanted.ok()) return fail("events: " + wanted.failure().text);
  wanted.value().after = after;
  return print_entries(invocation, wanted.value(), options.follow, line_of);
}

}  // namespace containerizer
