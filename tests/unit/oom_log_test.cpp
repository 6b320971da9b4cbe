#include "host/oom_log.h"

#include <catch2/catch.hpp>

#include "host/file.h"
#include "temporary_directory.h"

using namespace containerizer;

TEST_CASE("a record of the kernel's log tells of a kill for lack of memory") {
  const auto kill = parse_oom_kill(
      "6,1200,5300123456,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=ab12,"
      "mems_allowed=0,oom_memcg=/docker/ab12,task_memcg=/docker/ab12/x,y,task=a,b,pid=4711,uid=0\n"
      " SUBSYSTEM=memory\n");
  REQUIRE(kill);
  CHECK(kill->victim == 4711);
  CHECK(kill->victim_cgroup == "/docker/ab12/x,y");
  CHECK(kill->limit_cgroup == "/docker/ab12");
  CHECK(kill->at == Deadline(Duration(5'300'123)));

  const auto of_host = parse_oom_kill(
      "6,1,2000,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
      "global_oom,task_memcg=/docker/ab12,task=sh,pid=9,uid=0");
  REQUIRE(of_host);
  CHECK(of_host->limit_cgroup.empty());
  CHECK(of_host->victim_cgroup == "/docker/ab12");

  for (const char* other : {"", ";", "6,1,2,-;usb 1-1: new device", "6,1,2,-;oom-kill:",
                            "oom-kill:", "6;oom-kill:constraint=X,task_memcg=/a,task=b,pid=1,uid=0",
                            "6,1,x,-;oom-kill:constraint=X,task_memcg=/a,task=b,pid=1,uid=0"}) {
    CAPTURE(other);
    CHECK_FALSE(parse_oom_kill(other));
  }
}

TEST_CASE("a kernel's log that cannot be read is not taken for an empty one") {
  const TemporaryDirectory directory;
  CHECK_FALSE(read_oom_kills(directory / "missing"));
  write_file(directory / "empty", "");
  const auto none = read_oom_kills(directory / "empty");
  REQUIRE(none);
  CHECK(none->empty());
}
