// judge list [--only=TEXT]
//   Prints the cases.
// judge run [--only=TEXT] [--part=K/N] [--limit=SECONDS] [--stand-ins=DIR] --out=FILE PROGRAM
//   Plays the cases for a containerizer, and writes the results to FILE.
// judge report [--dir=DIR] FILE…
//   Prints a summary of results, and writes pages about them to DIR. A FILE of tests/crash is a
//   part of the results too, if its name ends with .crash.
//
// Exit status: 0, 1 if a case failed, 2 for a wrong command line or if the cases cannot be played.
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iostream>
#include <map>

#include "tests/judge/report.h"
#include "tests/judge/run.h"

namespace containerizer::judge {
namespace {

namespace json = boost::json;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

struct Arguments {
  std::map<std::string, std::string> flags;  // without the dashes
  std::vector<std::string> words;

  std::string flag(const std::string& name, const std::string& fallback) const {
    const auto found = flags.find(name);
    return found == flags.end() ? fallback : found->second;
  }
};

Arguments parse(int count, char** arguments) {
  Arguments parsed;
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    if (word.starts_with("--")) {
      parsed.flags.insert(player::split_at(word.substr(2), '='));
    } else {
      parsed.words.push_back(word);
    }
  }
  return parsed;
}

// The temporary directory of a run.
class Scratch {
 public:
  Scratch() {
    std::string name = fs::canonical(fs::temp_directory_path()) / "judge-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create " + name);
    fs::permissions(name, fs::perms(0755));
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Every N-th case from the K-th on, for "K/N".
Cases part_of(const Cases& all, const std::string& part) {
  const auto [number, count] = player::split_at(part, '/');
  const auto step = std::stoul(count), first = std::stoul(number);
  if (step == 0 || first == 0 || first > step) throw std::invalid_argument("--part must be K/N");
  Cases chosen;
  for (std::size_t i = first - 1; i < all.size(); i += step) chosen.push_back(all[i]);
  return chosen;
}

void tell(const json::object& result) {
  const auto text = [&](const char* key) { return std::string(result.at(key).as_string()); };
  std::cout << text("outcome") << "  " << text("group") << ": " << text("name");
  if (text("outcome") == "failed") {
    std::cout << "\n    rule:     " << text("rule") << " (" << text("source")
              << ")\n    expected: " << text("expected") << "\n    seen:     " << text("seen");
  } else if (text("outcome") == "skipped") {
    std::cout << "\n    " << text("seen");
  }
  std::cout << std::endl;
}

int run(const Arguments& arguments) {
  const Scratch scratch;
  const auto built = fs::read_symlink("/proc/self/exe").parent_path() / "../slave";
  Setting setting{arguments.words.at(1),
                  fs::weakly_canonical(arguments.flag("stand-ins", built)),
                  scratch.path(),
                  Seconds(std::stod(arguments.flag("limit", "15"))),
                  {}};
  const auto cases = part_of(cases_with(arguments.flag("only", "")), arguments.flag("part", "1/1"));
  setting.before = prepare(scratch.path());
  json::array results;
  bool failed = false;
  for (const auto& one : cases) {
    results.push_back(play(one, setting));
    tell(results.back().as_object());
    // What is there after a case that passed is what was there before it.
    if (results.back().at("outcome") != "passed") setting.before.reset();
    failed = failed || results.back().at("outcome") == "failed";
  }
  std::ofstream(arguments.flags.at("out"))
      << json::serialize(json::object{{"program", arguments.words.at(1)}, {"cases", results}});
  return failed ? exit_failed : 0;
}

int list(const Arguments& arguments) {
  for (const auto& one : cases_with(arguments.flag("only", ""))) {
    std::cout << one.group << ": " << one.name << "\n    " << one.rule << " (" << one.source
              << ")\n";
  }
  return 0;
}

int report(const Arguments& arguments) {
  const Report report(std::vector<fs::path>(arguments.words.begin() + 1, arguments.words.end()));
  report.summarize(std::cout);
  if (arguments.flags.contains("dir")) report.write_to(arguments.flags.at("dir"));
  return report.has_failed() ? exit_failed : 0;
}

int main_of(const Arguments& arguments) {
  const auto verb = arguments.words.empty() ? "" : arguments.words[0];
  if (verb == "list") return list(arguments);
  if (verb == "run" && arguments.words.size() == 2 && arguments.flags.contains("out")) {
    return run(arguments);
  }
  if (verb == "report" && arguments.words.size() > 1) return report(arguments);
  std::cerr << "usage: judge list | run --out=FILE PROGRAM | report FILE…; see docs/judge.md\n";
  return exit_usage;
}

}  // namespace
}  // namespace containerizer::judge

int main(int count, char** arguments) {
  try {
    return containerizer::judge::main_of(containerizer::judge::parse(count, arguments));
  } catch (const std::exception& error) {
    std::cerr << "judge: " << error.what() << '\n';
    return containerizer::judge::exit_usage;
  }
}
