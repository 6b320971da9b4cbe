// What the cases found, for people and for programs.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace containerizer::judge {

// A row of tests/crash: kills or errors at the system calls of one process.
struct CrashRow {
  std::string name;
  long tried = 0;
  long lost = 0;
};

// All results of one containerizer.
struct Verdict {
  std::string program;
  std::vector<boost::json::object> cases;
  std::vector<CrashRow> crashes;
  std::vector<std::string> lost;  // kills as tests/crash names them

  std::size_t count(const std::string& group, const std::string& outcome) const;
  bool has_failed() const;
};

class Report {
 public:
  // Files of `judge run`, or of tests/crash (*.crash). Several files of one program are joined.
  explicit Report(const std::vector<std::filesystem::path>& files);

  bool has_failed() const;
  // Scores by group; with several programs, the best first.
  void summarize(std::ostream& out) const;
  // Writes judge.json, judge.xml (JUnit) and judge.html, which needs no other file.
  void write_to(const std::filesystem::path& directory) const;

 private:
  Verdict& of(const std::string& program);
  void add_cases(const std::filesystem::path& file);
  void add_crashes(const std::filesystem::path& file);
  boost::json::object as_json() const;
  std::string as_junit() const;
  std::string as_page() const;

  std::vector<Verdict> verdicts_;
};

}  // namespace containerizer::judge
