// Runs the cases that fit the Mesos in TEST_MESOS. The tag [since-X.Y] or [before-X.Y] says which
// releases a case needs, [two] that it also needs TEST_MESOS_NEWER.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <iostream>
#include <set>

#include "tests/mesos/cluster.h"

using containerizer::player::parse_version;
using containerizer::player::Version;
using containerizer::real_mesos::Installation;

namespace {

// The version in a tag that begins like this.
std::optional<Version> version_in(const std::string& tag, const std::string& beginning) {
  if (!tag.starts_with(beginning)) return std::nullopt;
  return parse_version(tag.substr(beginning.size()) + ".0");
}

bool fits(const std::string& tag, const Installation& mesos) {
  if (const auto first = version_in(tag, "since-")) return mesos.version >= *first;
  if (const auto first_not = version_in(tag, "before-")) return mesos.version < *first_not;
  return tag != "two" || Installation::newer().has_value();
}

std::set<std::string> all_tags(const Catch::Session& session) {
  std::set<std::string> tags;
  for (const auto& one :
       Catch::getAllTestCasesSorted(const_cast<Catch::Session&>(session).config())) {
    tags.insert(one.tags.begin(), one.tags.end());
  }
  return tags;
}

// Each selection, without the cases that do not fit. The exclusions come first, because a name that
// begins a selection would contain them.
void leave_out(Catch::ConfigData& data, const std::string& exclusions) {
  if (data.testsOrTags.empty()) data.testsOrTags.emplace_back();
  for (auto& selection : data.testsOrTags) {
    std::string result = exclusions;
    char before = 0;
    for (const char one : selection) {
      result += one;
      // Commas separate alternatives.
      if (one == ',' && before != '\\') result += exclusions;
      before = one;
    }
    selection = result;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Catch::Session session;
  if (const int status = session.applyCommandLine(argc, argv); status != 0) return status;
  auto data = session.configData();
  try {
    const auto mesos = Installation::under_test();
    std::string exclusions;
    for (const auto& tag : all_tags(session)) {
      if (!fits(tag, mesos)) exclusions += "~[" + tag + "]";
    }
    leave_out(data, exclusions);
    session.useConfigData(data);
    return session.run();
  } catch (const std::runtime_error& error) {
    std::cerr << "mesos-tests: " << error.what() << std::endl;
    return 2;
  }
}
