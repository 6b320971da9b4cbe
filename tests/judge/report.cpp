#include "tests/judge/report.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "tests/judge/page.h"
#include "tests/judge/process.h"
#include "tests/judge/world.h"

namespace containerizer::judge {

namespace json = boost::json;

namespace {

std::string text(const json::object& object, const char* key) {
  return std::string(object.at(key).as_string());
}

double number(const json::object& object, const char* key) {
  return object.at(key).to_number<double>();
}

std::vector<std::string> groups_of(const Verdict& verdict) {
  std::vector<std::string> groups;
  for (const auto& one : verdict.cases) {
    const auto group = text(one, "group");
    if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
  }
  return groups;
}

std::string score(std::size_t passed, std::size_t failed) {
  return std::to_string(passed) + " of " + std::to_string(passed + failed);
}

std::size_t lost_of(const Verdict& verdict) {
  std::size_t lost = 0;
  for (const auto& row : verdict.crashes) lost += static_cast<std::size_t>(row.lost);
  return lost;
}

std::size_t tried_of(const Verdict& verdict) {
  std::size_t tried = 0;
  for (const auto& row : verdict.crashes) tried += static_cast<std::size_t>(row.tried);
  return tried;
}

// For text and attributes of XML and HTML.
std::string escaped(const std::string& raw) {
  std::string safe;
  for (const char c : raw) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        // XML has no other control characters.
        safe += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return safe;
}

std::string in_tag(const std::string& tag, const std::string& content) {
  return "<" + tag + ">" + escaped(content) + "</" + tag + ">";
}

std::string seconds(double value) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << value;
  return out.str();
}

std::string again(const Verdict& verdict, const json::object& one) {
  return "bin/judge --only=" + shell_quoted(text(one, "name")) + " " +
         shell_quoted(verdict.program);
}

// --- The page ---

std::string scores_of(const Verdict& verdict) {
  std::string rows;
  for (const auto& group : groups_of(verdict)) {
    const auto passed = verdict.count(group, "passed"), failed = verdict.count(group, "failed");
    rows += "<tr" + std::string(failed > 0 ? " class=failed" : "") + "><td>" + escaped(group) +
            "</td><td>" + score(passed, failed) + "</td><td>" +
            std::to_string(verdict.count(group, "skipped")) + "</td></tr>\n";
  }
  return "<table><tr><th>group</th><th>passed</th><th>skipped</th></tr>\n" + rows + "</table>\n";
}

std::string crashes_of(const Verdict& verdict) {
  if (verdict.crashes.empty()) return "";
  std::string rows;
  for (const auto& row : verdict.crashes) {
    rows += "<tr" + std::string(row.lost > 0 ? " class=failed" : "") + "><td>" + escaped(row.name) +
            "</td><td>" + std::to_string(row.tried) + "</td><td>" + std::to_string(row.lost) +
            "</td></tr>\n";
  }
  std::string lost;
  for (const auto& one : verdict.lost) lost += "<li><code>" + escaped(one) + "</code></li>\n";
  return "<h3>Kills and errors at system calls</h3>\n<table><tr><th>process</th><th>tried</th>"
         "<th>lost</th></tr>\n" +
         rows + "</table>\n<ul>" + lost + "</ul>\n";
}

// A step as a bar on the time of its case, with its frames below.
std::string step_of(const json::object& event, double total) {
  const auto share = [&](double value) { return seconds(total > 0 ? 100 * value / total : 0); };
  const auto detail = text(event, "detail");
  const std::string bar =
      "<span class=time><span class=bar style=\"left:" + share(number(event, "at")) +
      "%;width:" + share(number(event, "took")) + "%\"></span></span>";
  const std::string line = "<code>" + seconds(number(event, "at")) + " s</code> " + bar + " " +
                           escaped(text(event, "what"));
  if (detail.empty()) return "<div class=step>" + line + "</div>\n";
  return "<details class=step><summary>" + line + "</summary><pre>" + escaped(detail) +
         "</pre></details>\n";
}

std::string case_of(const Verdict& verdict, const json::object& one) {
  const auto outcome = text(one, "outcome");
  std::string body = "<p>" + in_tag("b", "Rule") + " " + escaped(text(one, "rule")) +
                     " <small>(docs/mesos-protocol.md, " + escaped(text(one, "source")) +
                     ")</small></p>\n";
  if (outcome == "failed")
    body += "<p><b>Expected</b> " + escaped(text(one, "expected")) + "</p>\n";
  if (outcome != "passed") body += "<p><b>Seen</b> " + escaped(text(one, "seen")) + "</p>\n";
  if (outcome == "failed") {
    body += "<p><b>Again</b> " + in_tag("code", again(verdict, one)) + "</p>\n<h4>Steps</h4>\n";
    for (const auto& event : one.at("events").as_array()) {
      body += step_of(event.as_object(), number(one, "seconds"));
    }
    body += "<h4>Processes</h4>\n" + in_tag("pre", text(one, "tree")) + "\n";
  }
  return "<details class=\"case " + outcome + "\"><summary><i>" + outcome + "</i> " +
         escaped(text(one, "name")) + " <small>" + seconds(number(one, "seconds")) +
         " s</small></summary>\n" + body + "</details>\n";
}

std::string section_of(const Verdict& verdict) {
  std::string html =
      "<h2>" + escaped(verdict.program) + "</h2>\n" + scores_of(verdict) + crashes_of(verdict);
  for (const auto& group : groups_of(verdict)) {
    html += "<h3>" + escaped(group) + "</h3>\n";
    for (const auto& one : verdict.cases) {
      if (text(one, "group") == group) html += case_of(verdict, one);
    }
  }
  return html;
}

std::string league_of(const std::vector<Verdict>& verdicts) {
  if (verdicts.size() < 2) return "";
  std::string rows;
  for (const auto& verdict : verdicts) {
    rows += "<tr><td>" + escaped(verdict.program) + "</td><td>" +
            score(verdict.count("", "passed"), verdict.count("", "failed")) + "</td><td>" +
            std::to_string(lost_of(verdict)) + " of " + std::to_string(tried_of(verdict)) +
            "</td></tr>\n";
  }
  return "<h2>League</h2>\n<table><tr><th>containerizer</th><th>cases passed</th><th>kills "
         "lost</th></tr>\n" +
         rows + "</table>\n";
}

// --- JUnit ---

std::string junit_case(const Verdict& verdict, const json::object& one) {
  const auto outcome = text(one, "outcome");
  std::string body;
  if (outcome == "failed") {
    body = "<failure message=\"" + escaped(text(one, "seen")) + "\">" +
           escaped("rule: " + text(one, "rule") + " (" + text(one, "source") +
                   ")\nexpected: " + text(one, "expected") + "\nseen: " + text(one, "seen") +
                   "\nagain: " + again(verdict, one)) +
           "</failure>";
  } else if (outcome == "skipped") {
    body = "<skipped message=\"" + escaped(text(one, "seen")) + "\"/>";
  }
  return "    <testcase classname=\"" + escaped(text(one, "group")) + "\" name=\"" +
         escaped(text(one, "name")) + "\" time=\"" + seconds(number(one, "seconds")) + "\">" +
         body + "</testcase>\n";
}

std::string junit_crash(const CrashRow& row) {
  const auto failure = row.lost == 0 ? ""
                                     : "<failure message=\"" + std::to_string(row.lost) + " of " +
                                           std::to_string(row.tried) + " lost\"/>";
  return "    <testcase classname=\"kills and errors\" name=\"" + escaped(row.name) + "\">" +
         failure + "</testcase>\n";
}

void write(const std::filesystem::path& file, const std::string& content) {
  std::ofstream out(file, std::ios::binary);
  out << content;
  out.flush();
  if (!out) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace

std::size_t Verdict::count(const std::string& group, const std::string& outcome) const {
  return static_cast<std::size_t>(
      std::count_if(cases.begin(), cases.end(), [&](const json::object& one) {
        return (group.empty() || text(one, "group") == group) && text(one, "outcome") == outcome;
      }));
}

bool Verdict::has_failed() const { return count("", "failed") > 0 || lost_of(*this) > 0; }

Report::Report(const std::vector<std::filesystem::path>& files) {
  for (const auto& file : files) {
    if (file.extension() == ".crash") {
      add_crashes(file);
    } else {
      add_cases(file);
    }
  }
  std::stable_sort(verdicts_.begin(), verdicts_.end(),
                   [](const Verdict& one, const Verdict& other) {
                     const auto bad = [](const Verdict& verdict) {
                       return std::pair(verdict.count("", "failed"), lost_of(verdict));
                     };
                     return bad(one) < bad(other);
                   });
}

Verdict& Report::of(const std::string& program) {
  for (auto& verdict : verdicts_) {
    if (verdict.program == program) return verdict;
  }
  return verdicts_.emplace_back(Verdict{program, {}, {}, {}});
}

void Report::add_cases(const std::filesystem::path& file) {
  const auto results = json::parse(read_file(file)).as_object();
  auto& verdict = of(text(results, "program"));
  for (const auto& one : results.at("cases").as_array()) verdict.cases.push_back(one.as_object());
}

// The program, a header, the rows (name, system calls, tried, survived, lost, seconds), lost kills.
void Report::add_crashes(const std::filesystem::path& file) {
  constexpr std::size_t name_width = 12;
  const auto lines = lines_of(read_file(file));
  if (lines.empty()) throw std::runtime_error(file.string() + " is empty");
  auto& verdict = of(lines[0]);
  for (std::size_t i = 2; i < lines.size(); ++i) {
    if (lines[i].starts_with("lost: ")) verdict.lost.push_back(lines[i].substr(6));
    if (lines[i].size() <= name_width || lines[i].starts_with("lost: ")) continue;
    CrashRow row{lines[i].substr(0, name_width)};
    row.name.erase(row.name.find_last_not_of(' ') + 1);
    std::istringstream numbers(lines[i].substr(name_width));
    std::string ignored;
    if (row.name != "total" && numbers >> ignored >> row.tried >> ignored >> row.lost) {
      verdict.crashes.push_back(row);
    }
  }
}

bool Report::has_failed() const {
  return std::any_of(verdicts_.begin(), verdicts_.end(),
                     [](const Verdict& verdict) { return verdict.has_failed(); });
}

void Report::summarize(std::ostream& out) const {
  constexpr int name_width = 40;
  for (const auto& verdict : verdicts_) {
    out << '\n' << verdict.program << '\n' << std::left;
    for (const auto& group : groups_of(verdict)) {
      const auto skipped = verdict.count(group, "skipped");
      out << "  " << std::setw(name_width) << group
          << score(verdict.count(group, "passed"), verdict.count(group, "failed"))
          << (skipped > 0 ? ", " + std::to_string(skipped) + " skipped" : "") << '\n';
    }
    out << "  " << std::setw(name_width) << "all cases"
        << score(verdict.count("", "passed"), verdict.count("", "failed")) << '\n';
    if (!verdict.crashes.empty()) {
      out << "  " << std::setw(name_width) << "kills and errors at system calls"
          << score(tried_of(verdict) - lost_of(verdict), lost_of(verdict)) << '\n';
    }
  }
  if (verdicts_.size() < 2) return;
  out << "\nleague\n";
  int place = 0;
  for (const auto& verdict : verdicts_) {
    out << std::setw(4) << std::right << ++place << "  " << std::left
        << score(verdict.count("", "passed"), verdict.count("", "failed")) << "  "
        << verdict.program << '\n';
  }
}

json::object Report::as_json() const {
  json::array all;
  for (const auto& verdict : verdicts_) {
    json::array crashes, lost;
    for (const auto& row : verdict.crashes) {
      crashes.push_back(json::object{{"name", row.name}, {"tried", row.tried}, {"lost", row.lost}});
    }
    for (const auto& one : verdict.lost) lost.push_back(json::string(one));
    json::array cases;
    for (auto one : verdict.cases) {
      one["again"] = again(verdict, one);
      cases.push_back(one);
    }
    all.push_back(json::object{{"program", verdict.program},
                               {"passed", verdict.count("", "passed")},
                               {"failed", verdict.count("", "failed")},
                               {"skipped", verdict.count("", "skipped")},
                               {"cases", cases},
                               {"crashes", crashes},
                               {"lost", lost}});
  }
  return {{"programs", all}};
}

std::string Report::as_junit() const {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& verdict : verdicts_) {
    const auto rows_lost = std::count_if(verdict.crashes.begin(), verdict.crashes.end(),
                                         [](const CrashRow& row) { return row.lost > 0; });
    xml += "  <testsuite name=\"" + escaped(verdict.program) + "\" tests=\"" +
           std::to_string(verdict.cases.size() + verdict.crashes.size()) + "\" failures=\"" +
           std::to_string(verdict.count("", "failed") + static_cast<std::size_t>(rows_lost)) +
           "\" skipped=\"" + std::to_string(verdict.count("", "skipped")) + "\">\n";
    for (const auto& one : verdict.cases) xml += junit_case(verdict, one);
    for (const auto& row : verdict.crashes) xml += junit_crash(row);
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

std::string Report::as_page() const {
  std::string html = page_head;
  html += league_of(verdicts_);
  for (const auto& verdict : verdicts_) html += section_of(verdict);
  return html + "</body></html>\n";
}

void Report::write_to(const std::filesystem::path& directory) const {
  std::filesystem::create_directories(directory);
  write(directory / "judge.json", json::serialize(as_json()) + "\n");
  write(directory / "judge.xml", as_junit());
  write(directory / "judge.html", as_page());
}

}  // namespace containerizer::judge
