// URIs of a task, in the three dialects of mesos-fetcher.
#include <catch2/catch.hpp>

#include "tests/integration/slave.h"

using namespace containerizer::integration;

TEST_CASE("fetched files in each dialect of the fetcher") {
  const auto release = GENERATE(as<std::string>(), "0.20.1", "0.22.1", "1.0.4");
  INFO("Mesos " << release);
  const WorkDirectory place;
  const auto& source = place.scratch();
  write_file(source / "note.txt", "a note\n");
  write_file(source / "tool.sh", "#!/bin/sh\necho a tool\n");
  write_file(source / "inside.txt", "from an archive\n");
  output_of({"tar", "-C", source, "-czf", source / "pack.tgz", "inside.txt"});
  output_of({"tar", "-C", source, "-czf", source / "whole.tgz", "note.txt"});

  Slave slave(place, release);
  const auto uri = [&](const char* file) { return " uri=" + (source / file).string(); };
  const auto task = slave.run(
      "task",
      "cd $MESOS_SANDBOX && cat note.txt && ./tool.sh && cat inside.txt && test -e whole.tgz",
      uri("note.txt") + uri("tool.sh,executable") + uri("pack.tgz") +
          uri("whole.tgz,extract=false"));
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"),
             Catch::Contains("a note\na tool\nfrom an archive\n"));
}

TEST_CASE("files fetched for an unprivileged user") {
  const auto release = GENERATE(as<std::string>(), "0.20.1", "1.0.4");
  const WorkDirectory place;
  write_file(place.scratch() / "note.txt", "a note\n");
  Slave slave(place, release);
  const auto task = slave.run("task", "cat $MESOS_SANDBOX/note.txt",
                              "user=nobody uri=" + (place.scratch() / "note.txt").string());
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  for (const char* file : {"note.txt", "stdout", "stderr"}) {
    CHECK(output_of({"stat", "-c", "%U", task.sandbox / file}) == "nobody");
  }
}
