// Compares the pages with the code: names, tables and pictures must agree.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "engine/config/settings.h"
#include "engine/config/settings_manual.h"
#include "engine/lifecycle/cause.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/process.h"
#include "store/database.h"

namespace {

namespace fs = std::filesystem;
using containerizer::LifecycleFormat;

std::string read(const fs::path& path) {
  std::ifstream file(fs::path(SOURCE_DIR) / path);
  CAPTURE(path);
  REQUIRE(file);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t times = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++times;
  return times;
}

std::vector<std::string> own_files(const std::vector<std::string>& folders,
                                   const std::string& extension) {
  std::vector<std::string> paths;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / folder)) {
      if (entry.path().extension() != extension) continue;
      paths.push_back(fs::relative(entry.path(), SOURCE_DIR).string());
    }
  }
  return paths;
}

std::vector<std::string> sources_of_the_product() {
  return own_files({"cli", "engine", "host", "proto", "store"}, ".cpp");
}

std::vector<std::string> pages() {
  auto all = own_files({"docs", "example", "bench", "tests"}, ".md");
  all.insert(all.end(), {"README.md", "CONTRIBUTING.md"});
  return all;
}

// --- Test cases that pages cite

struct CitedCase {
  bool is_hidden = false;  // runs only if its name or tag is given
  bool asserts = false;
};

// The top-level definitions of a file: functions, test cases and types.
std::vector<std::string> definitions_in(const std::string& text) {
  std::vector<std::string> found;
  std::size_t from = 0;
  for (auto to = text.find("\n}"); to != std::string::npos; to = text.find("\n}", from)) {
    found.push_back(text.substr(from, to - from));
    from = to + 2;
  }
  return found;
}

// Returns whether a definition calls an assertion of Catch2, one of the test harnesses (check…,
// expect…, conclude…), or a function of the same file that does.
bool does_assert(const std::string& definition, const std::set<std::string>& helpers) {
  static const std::regex call(R"re(\b(\w+)\()re");
  static const std::regex assertion("(CHECK|REQUIRE|FAIL|check|expect|conclude)\\w*");
  for (std::sregex_iterator it(definition.begin(), definition.end(), call), end; it != end; ++it) {
    const auto name = (*it)[1].str();
    if (std::regex_match(name, assertion) || helpers.count(name) == 1) return true;
  }
  return false;
}

void add_test_cases(const std::string& source, std::map<std::string, CitedCase>& cases) {
  // An assertion in a comment asserts nothing.
  static const std::regex comment("//[^\n]*");
  const auto text = std::regex_replace(source, comment, "");
  const std::regex head(R"re(TEST_CASE(?:_METHOD)?\((?:\w+,)?\s*"([^"]+)"(?:,\s*"([^"]*)")?)re");
  const std::regex function(R"re((?:^|\n)\w[^\n;={}()]*\b(\w+)\([^;{}]*\{)re");
  std::set<std::string> helpers;
  for (const auto& definition : definitions_in(text)) {
    const bool asserts = does_assert(definition, helpers);
    std::smatch match;
    if (std::regex_search(definition, match, head)) {
      const bool is_hidden = match[2].str().find("[.") != std::string::npos;
      cases[match[1]] = {is_hidden, asserts};
    } else if (asserts && std::regex_search(definition, match, function)) {
      helpers.insert(match[1]);
    }
  }
}

const std::map<std::string, CitedCase>& test_cases() {
  static const std::map<std::string, CitedCase> all = [] {
    std::map<std::string, CitedCase> found;
    for (const auto& path : own_files(
             {"tests/unit", "tests/simulation", "tests/store", "tests/integration", "tests/crash"},
             ".cpp")) {
      add_test_cases(read(path), found);
    }
    return found;
  }();
  return all;
}

// Checks a cell that cites Catch2 test cases in double quotes. Each must exist, run by default, and
// assert something.
void check_tests(const std::string& cell) {
  CAPTURE(cell);
  const auto names = matches(cell, R"re("([^"]+)")re");
  CHECK(names.empty() == cell.starts_with("does not apply: "));
  for (const auto& name : names) {
    CAPTURE(name);
    const auto found = test_cases().find(name);
    REQUIRE(found != test_cases().end());
    CHECK_FALSE(found->second.is_hidden);
    CHECK(found->second.asserts);
  }
}

// --- The picture of the lifecycle

std::string decoded(std::string text) {
  for (const auto& [code, character] : std::map<std::string, std::string>{
           {"&#45;", "-"}, {"&gt;", ">"}, {"&#39;", "'"}, {"&amp;", "&"}}) {
    text = std::regex_replace(text, std::regex(code), character);
  }
  return text;
}

// The groups of an SVG from graphviz, as "title: line, line".
std::set<std::string> groups_of(const std::string& svg, const std::string& kind) {
  const std::regex group("class=\"" + kind + "\">\\s*<title>([^<]*)</title>([^]*?)</g>");
  const std::regex line("<text [^>]*>([^<]*)</text>");
  std::set<std::string> found;
  for (std::sregex_iterator it(svg.begin(), svg.end(), group), end; it != end; ++it) {
    const auto content = (*it)[2].str();
    std::string text = (*it)[1].str() + ":";
    for (std::sregex_iterator at(content.begin(), content.end(), line); at != end; ++at) {
      text += " " + (*at)[1].str() + ",";
    }
    found.insert(decoded(text));
  }
  return found;
}

}  // namespace

TEST_CASE("the page of the lifecycle is what the program prints") {
  const auto page = read("docs/lifecycle.md");
  CHECK(page.find("```mermaid\n" + draw_lifecycle(LifecycleFormat::mermaid) + "```") !=
        std::string::npos);
  CHECK(page.find("```\n" + draw_lifecycle(LifecycleFormat::table) + "```") != std::string::npos);
  for (const auto event : containerizer::all_events()) {
    CHECK(page.find(std::string("\n| ") + name_of(event) + " | ") != std::string::npos);
  }
}

TEST_CASE("the page on failures has a row for each kind of failure and each answer") {
  const auto page = read("docs/going-on.md");
  using containerizer::Life;
  using containerizer::store::StoreFault;
  for (const auto fault : {StoreFault::busy, StoreFault::io, StoreFault::constraint,
                           StoreFault::newer, StoreFault::unreadable}) {
    CHECK(count(page, std::string("\n| `") + name_of(fault) + "` | ") == 1);
  }
  for (const auto life : {Life::alive, Life::gone, Life::unknown}) {
    CHECK(count(page, std::string("\n| `") + name_of(life) + "` | ") == 1);
  }
}

TEST_CASE("the picture of the lifecycle shows the program's table") {
  const auto svg = read("docs/lifecycle.svg");
  std::set<std::string> states;
  for (const auto state : containerizer::all_states()) {
    const std::string action = action_in(state);
    states.insert(std::string(name_of(state)) + ": " + name_of(state) + "," +
                  (action.empty() ? "" : " " + action + ","));
  }
  CHECK(groups_of(svg, "node") == states);

  std::map<std::string, std::string> events;
  for (const auto& row : containerizer::all_transitions()) {
    events[std::string(name_of(row.from)) + "->" + name_of(row.to)] +=
        std::string(" ") + name_of(row.event) + ",";
  }
  std::set<std::string> arrows;
  for (const auto& [ends, names] : events) arrows.insert(ends + ":" + names);
  CHECK(groups_of(svg, "edge") == arrows);
}

TEST_CASE("the pages of settings and the program's own table agree") {
  const auto names = containerizer::setting_names();
  const std::set<std::string> known(names.begin(), names.end());
  REQUIRE(known.size() > 10);
  CHECK(matches(read("docs/configuration.md"), "\n\\| `(CONTAINERIZER_[A-Z_]+)` \\|") == known);
  CHECK(matches(read("bin/environment.sh.dist"), "\n#(CONTAINERIZER_[A-Z_]+)=") == known);
}

TEST_CASE("the page of the settings is what the program prints") {
  const auto page = read("docs/configuration.md");
  CHECK(page.ends_with(containerizer::describe_settings(containerizer::SettingsFormat::markdown)));
  const auto text = containerizer::describe_settings(containerizer::SettingsFormat::text);
  for (const auto& name : containerizer::setting_names()) {
    CAPTURE(name);
    CHECK(text.find("  " + name) != std::string::npos);
  }
  CHECK(text.find('`') == std::string::npos);
  CHECK(text.find("](") == std::string::npos);
}

TEST_CASE("no page names a setting that does not exist") {
  const auto names = containerizer::setting_names();
  std::set<std::string> known(names.begin(), names.end());
  known.insert({"CONTAINERIZER_ENGINE_TIMEOUT", "CONTAINERIZER_ENGINE_PATIENCE"});  // old names
  for (const auto& page : pages()) {
    for (const auto& name : matches(read(page), "`(CONTAINERIZER_[A-Z_]+)[`=]")) {
      CAPTURE(page, name);
      CHECK(known.count(name) == 1);
    }
  }
}

TEST_CASE("the page of the architecture names every source file") {
  const auto page = read("docs/architecture.md");
  const std::set<std::string> plumbing{
      "cli/invocation.cpp", "engine/docker/digest.cpp", "engine/docker/encoding.cpp",
      "host/file.cpp",      "host/format.cpp",          "host/json.cpp",
      "host/text.cpp"};
  for (const auto& path : sources_of_the_product()) {
    CAPTURE(path);
    CHECK((count(page, "`" + path + "`") > 0 || plumbing.count(path) == 1));
  }
}

TEST_CASE("the page of the JSON names every cause") {
  const auto page = read("docs/json.md");
  for (const auto& cause : containerizer::all_causes()) {
    CAPTURE(cause);
    CHECK(count(page, "| `" + cause + "` |") == 1);
  }
}

TEST_CASE("every file that a page names exists") {
  const std::string folders = "bench|cli|engine|host|migrations|proto|store|tests";
  for (const auto& page : pages()) {
    auto named =
        matches(read(page), "`((?:" + folders + ")/[a-z0-9_./-]+\\.(?:cpp|h|md|proto|sh|sql))`");
    named.merge(matches(read(page), "`(bin/[a-z./-]+)[ `]"));
    named.erase("bin/environment.sh");  // the operator writes it
    for (const auto& path : named) {
      CAPTURE(page, path);
      CHECK(fs::exists(fs::symlink_status(fs::path(SOURCE_DIR) / path)));
    }
  }
}

TEST_CASE("every page names its readers at its top, and the index lists it") {
  const auto index = read("docs/README.md");
  for (const auto& path : own_files({"docs"}, ".md")) {
    CAPTURE(path);
    CHECK(std::regex_search(read(path), std::regex("^# [^\n]+\n\nFor [^\n]+")));
    const auto name = fs::path(path).filename().string();
    CHECK((name == "README.md" || index.find("](" + name + ")") != std::string::npos));
  }
}

TEST_CASE("no file of the product is longer than 600 lines") {
  for (const auto& path : sources_of_the_product()) {
    CAPTURE(path);
    CHECK(count(read(path), "\n") <= 600);
  }
}

TEST_CASE("every failure scenario has its test") {
  const auto page = read("tests/failures.md");
  const std::regex row(R"re(\n\| (\d+) \| [^|]+ \| ([^\n]+) \|)re");
  std::multiset<int> numbers;
  for (std::sregex_iterator it(page.begin(), page.end(), row), end; it != end; ++it) {
    numbers.insert(std::stoi((*it)[1]));
    CAPTURE((*it)[1].str());
    check_tests((*it)[2]);
  }
  CHECK(numbers.size() == 95);
  CHECK(std::set<int>(numbers.begin(), numbers.end()).size() == numbers.size());
}

// Checks the last cell of each row of the page's tables.
void check_rows(const std::string& page, const std::string& heading, int least) {
  const auto text = read(page);
  const std::regex row(
      R"re(\n\| ([^|]+) \| (?:[^|]+ \| )+((?:does not apply|[^\n|]*")[^\n|]*) \|)re");
  int rows = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it, ++rows) {
    CAPTURE(page, (*it)[1].str());
    check_tests((*it)[2]);
  }
  // All rows were read, except the headings of the tables.
  CHECK(rows == static_cast<int>(count(text, "\n| ")) - static_cast<int>(count(text, heading)));
  CHECK(rows >= least);
}

TEST_CASE("every difference from mdc and Deimos has its test") {
  const auto text = read("docs/differences.md");
  const std::regex row(R"re(\n\| [^|]+ \| [^|]+ \| ((?:does not apply: |")[^|]*) \|)re");
  int rows = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it, ++rows) {
    CAPTURE((*it)[0].str());
    check_tests((*it)[1]);
  }
  CHECK(rows > 30);
}

TEST_CASE("every change of Docker's API has its test") {
  check_rows("docs/docker-api.md", " | change | ", 20);
}

TEST_CASE("every attack has its test") {
  const auto page = read("docs/security.md");
  const std::regex row(R"re(\n\| ([^|]+) \| [^|]+ \| ([^\n]*") \|)re");
  int rows = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), row), end; it != end; ++it, ++rows) {
    CAPTURE((*it)[1].str());
    check_tests((*it)[2]);
  }
  // All rows were read, except the headings of the tables.
  CHECK(rows ==
        static_cast<int>(count(page, "\n| ")) - static_cast<int>(count(page, "\n| attack |")));
  CHECK(rows > 20);
}
