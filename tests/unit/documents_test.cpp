// What the pages say of the code is held against the code.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "engine/lifecycle/lifecycle.h"

namespace {

namespace fs = std::filesystem;
using containerizer::LifecycleFormat;

std::string read(const fs::path& path) {
  std::ifstream file(fs::path(SOURCE_DIR) / path);
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

std::vector<std::string> own_sources(const std::vector<std::string>& folders) {
  std::vector<std::string> paths;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".cpp") continue;
      paths.push_back(fs::relative(entry.path(), SOURCE_DIR).string());
    }
  }
  return paths;
}

// A cell that names Catch2 test cases, in double quotes.
void check_tests(const std::string& cell) {
  static const std::set<std::string> tests = [] {
    std::set<std::string> all;
    for (const auto& path : own_sources({"tests/unit", "tests/simulation", "tests/store",
                                         "tests/integration", "tests/crash"})) {
      all.merge(matches(read(path), R"re(TEST_CASE(?:_METHOD)?\((?:\w+,)?\s*"([^"]+)")re"));
    }
    return all;
  }();
  CAPTURE(cell);
  const auto names = matches(cell, R"re("([^"]+)")re");
  CHECK(names.empty() == cell.starts_with("does not apply: "));
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(tests.count(name) == 1);
  }
}

}  // namespace

TEST_CASE("the page of the lifecycle is what the program prints") {
  const auto page = read("docs/lifecycle.md");
  CHECK(page.find("```mermaid\n" + draw_lifecycle(LifecycleFormat::mermaid) + "```") !=
        std::string::npos);
  CHECK(page.find("```\n" + draw_lifecycle(LifecycleFormat::table) + "```") != std::string::npos);
}

TEST_CASE("every setting stands in the README and in environment.sh.dist") {
  const auto known = matches(read("engine/config/settings.cpp"), R"re(\{"([A-Z_]+)",\s)re");
  REQUIRE(known.size() > 10);
  std::set<std::string> wanted;
  for (const auto& name : known) wanted.insert("CONTAINERIZER_" + name);
  CHECK(matches(read("README.md"), "\\| `(CONTAINERIZER_[A-Z_]+)` \\|") == wanted);
  CHECK(matches(read("bin/environment.sh.dist"), "(CONTAINERIZER_[A-Z_]+)=") == wanted);
}

TEST_CASE("the walk through the architecture names every file once") {
  const auto page = read("docs/architecture.md");
  for (const auto& path : own_sources({"cli", "daemon", "store", "proto"})) {
    const bool plumbing = path == "host/fmt.cpp" || path == "host/file.cpp" ||
                          path == "host/text.cpp" || path == "host/json.cpp" ||
                          path == "engine/docker/encoding.cpp" || path == "cli/invocation.cpp";
    CAPTURE(path);
    CHECK(count(page, "`" + path + "`") == (plumbing ? 0 : 1));
  }
}

TEST_CASE("no file of the product is longer than 600 lines") {
  for (const auto& path : own_sources({"cli", "daemon", "store", "proto"})) {
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
  CHECK(numbers.size() == 70);
  CHECK(std::set<int>(numbers.begin(), numbers.end()).size() == 70);
}

TEST_CASE("every attack has its test") {
  const auto page = read("docs/security.md");
  const std::regex row(R"re(\n\| ([^|]+) \| [^|]+ \| ([^\n]*") \|)re");
  int rows = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), row), end; it != end; ++it, ++rows) {
    CAPTURE((*it)[1].str());
    check_tests((*it)[2]);
  }
  // But the heads of the tables and the lines below them, each row has been read.
  CHECK(rows ==
        static_cast<int>(count(page, "\n| ")) - static_cast<int>(count(page, "\n| attack |")));
  CHECK(rows > 20);
}
