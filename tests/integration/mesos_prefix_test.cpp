// bin/lib/find-mesos: which installations of Mesos the tests and example/run-mesos accept.
#include <catch2/catch.hpp>

#include "tests/integration/work_directory.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

// An installation whose programs only print their version.
fs::path installed(const WorkDirectory& place, const std::string& version) {
  const auto prefix = place.scratch() / ("mesos-" + version);
  for (const char* program : {"sbin/mesos-master", "sbin/mesos-slave",
                              "libexec/mesos/mesos-executor", "libexec/mesos/mesos-fetcher"}) {
    fs::create_directories((prefix / program).parent_path());
    write_file(prefix / program, "#!/bin/sh\necho mesos " + version + "\n");
    fs::permissions(prefix / program, fs::perms(0755));
  }
  return prefix;
}

Ran find(const fs::path& prefix) { return run({SOURCE_DIR "/bin/lib/find-mesos", prefix}); }

// It is refused, with one line that contains `reason`.
void check_refused(const fs::path& prefix, const std::string& reason) {
  const auto found = find(prefix);
  CHECK(found.status == 1);
  CHECK(found.out.empty());
  CHECK(lines_of(found.err).size() == 1);
  CHECK_THAT(found.err, Contains(prefix.string()) && Contains(reason));
}

}  // namespace

TEST_CASE("a usable Mesos is found with its version") {
  const WorkDirectory place;
  for (const char* version : {"0.19.0", "0.19.1", "0.28.2", "1.0.4"}) {
    const auto prefix = installed(place, version);
    const auto found = find(prefix);
    CHECK(found.status == 0);
    CHECK(found.out == std::string(version) + " " + prefix.string() + "\n");
  }
}

TEST_CASE("a prefix without a usable Mesos is refused with one line") {
  const WorkDirectory place;
  check_refused("/nonexistent", "no such directory");
  check_refused(place.path(), "sbin/mesos-master is missing");
  for (const char* version : {"0.18.2", "1.1.0", "1.0.10"}) {
    check_refused(installed(place, version), std::string("Mesos ") + version);
  }
  check_refused(installed(place, "0.20.0"), "0.20.1");
  const auto broken = installed(place, "1.0.4");
  write_file(broken / "sbin/mesos-slave",
             "#!/bin/sh\necho error while loading libmesos >&2\nexit 127\n");
  check_refused(broken, "error while loading libmesos");
}
