// report: writes one HTML page about a period of time, of this slave or of copies of many slaves'
// databases. The page contains everything that it shows, and loads nothing.
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <map>

#include "cli/command_line.h"
#include "cli/databases.h"
#include "cli/printing.h"
#include "cli/report_page.h"
#include "cli/version.h"
#include "engine/container/identity.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/file.h"
#include "host/format.h"
#include "host/text.h"
#include "host/times.h"
#include "store/period.h"

namespace containerizer {
namespace {

namespace json = boost::json;

// Texts that occur often, each once; the page refers to them by number.
class Words {
 public:
  int number_of(const std::string& word) {
    const auto [found, is_new] = numbers_.emplace(word, static_cast<int>(words_.size()));
    if (is_new) words_.emplace_back(one_line(word));
    return found->second;
  }
  const json::array& all() const { return words_; }

 private:
  std::map<std::string, int> numbers_;
  json::array words_;
};

int code_of(const std::string& state) {
  const auto known = state_named(state);
  return known ? static_cast<int>(*known) : 0;
}

// 0: it has not ended. 1: success. 2: somebody wanted its end. 3: failure.
int outcome_of(const std::optional<std::string>& ending) {
  if (!ending) return 0;
  if (*ending == "exit 0") return 1;
  return *ending == "killed" ? 2 : 3;
}

// The order is that of `Life` in report.html.
json::array row_of(const store::Life& life, std::int64_t from, Words& words) {
  json::array states;
  for (const auto& [state, at] : life.states) {
    states.emplace_back(code_of(state));
    states.emplace_back(at - from);
  }
  const auto ending = life.ending ? one_line(*life.ending) : "";
  return {life.container_id,
          one_line(life.task),
          words.number_of(life.image.value_or("(no image)")),
          words.number_of(life.framework_id),
          words.number_of(ending),
          outcome_of(life.ending),
          one_line(life.message),
          life.pulled ? 1 : 0,
          std::move(states)};
}

json::object section_of(const NamedDatabase& database, std::int64_t from, Words& words) {
  const auto period = store::read_period(*database.open(), from);
  json::array lives;
  for (const auto& life : period.lives) lives.emplace_back(row_of(life, from, words));
  json::array restarts;
  for (const auto& one : period.restarts) {
    restarts.emplace_back(json::array{one.what, one.at - from});
  }
  return {{"name", one_line(database.name)},
          {"restarts", std::move(restarts)},
          {"lives", std::move(lives)}};
}

// As the text of a script element: nothing in it can end the element.
std::string embedded(const json::value& value) {
  std::string text;
  for (const char c : safe_json(json::serialize(value))) {
    if (c == '<' || c == '>' || c == '&') {
      text += formatted("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text;
}

void replace(std::string& text, const std::string& mark, const std::string& by) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
}

std::string page_of(const std::vector<NamedDatabase>& databases, std::int64_t from,
                    std::int64_t now) {
  Words words;
  json::array slaves;
  for (const auto& database : databases) slaves.emplace_back(section_of(database, from, words));
  json::array states;
  for (const auto state : all_states()) states.emplace_back(name_of(state));
  const json::object data{{"from", from},
                          {"length", now - from},
                          {"states", std::move(states)},
                          {"words", words.all()},
                          {"slaves", std::move(slaves)}};
  auto page = report_page();
  // Only what has this random word may run in the page.
  replace(page, "{{NONCE}}", make_nonce());
  replace(page, "{{VERSION}}", version_text());
  // Last: the data can contain anything.
  replace(page, "{{DATA}}", embedded(data));
  return page;
}

}  // namespace

int report(Invocation& invocation) {
  std::string since = "24h";
  std::string output;
  std::vector<std::string> files;
  CommandLine line("report",
                   "Writes an HTML page about the containers of this slave, or of the slaves whose"
                   " databases are given.");
  line.option("--since", since, "TIME", "where it begins: 24h, 7d or a time (default 24h)");
  line.option("-o,--output", output, "FILE.html", "replace this file instead of printing");
  line.arguments("DATABASE", files, databases_argument);
  if (const auto status = line.parse(invocation)) return *status;
  const auto now = invocation.store.now().wall;
  const auto from = parse_moment(since, now);
  if (!from.ok()) return fail("--since: " + from.failure().text, exit_usage);
  if (output.empty() && ::isatty(invocation.output) != 0) {
    return fail("report: standard output is a terminal; add --output=FILE.html", exit_usage);
  }
  const auto databases = find_databases(invocation, files);
  if (!databases.ok()) return fail(databases.failure().text);
  const auto page = page_of(databases.value(), from.value(), now);
  if (!output.empty()) {
    const auto written = replace_file(output, page);
    return written.ok() ? exit_ok : fail(written.failure().text);
  }
  return write_all(invocation.output, page) ? exit_ok : output_failed();
}

}  // namespace containerizer
