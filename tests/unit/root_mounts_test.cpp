#include "engine/translation/root_mounts.h"

#include <catch2/catch.hpp>

using namespace containerizer;

TEST_CASE("a path that makes a task root of the host is known as such") {
  const std::vector<std::string> own{"/srv/mesos", "/somewhere/docker.sock"};
  for (const char* path : {"/",
                           "//",
                           "/etc",
                           "/etc/",
                           "/etc/shadow",
                           "/./etc",
                           "/a/../etc",
                           "/proc",
                           "/proc/1/root",
                           "/sys",
                           "/dev",
                           "/dev/sda",
                           "/root/.ssh",
                           "/usr/bin",
                           "/var",
                           "/var/run/docker.sock",
                           "/run/docker.sock",
                           "/var/lib",
                           "/var/lib/docker",
                           "/srv",
                           "/srv/mesos/slaves",
                           "/somewhere",
                           "/somewhere/docker.sock",
                           "/lib/systemd",
                           "/var/spool/cron"}) {
    CAPTURE(path);
    CHECK(makes_root(path, false, own));
    CHECK(makes_root(path, true, own));
  }
  for (const char* path : {"/data", "/home/app", "/mnt", "/srv/data", "/etcetera", "/var/log",
                           "/var/lib/app", "/dev/log", "/opt/app", "/tmp"}) {
    CAPTURE(path);
    CHECK_FALSE(makes_root(path, false, own));
  }
  for (const char* path : {"/etc/localtime", "/etc/hosts", "/etc/ssl/certs/ca.pem",
                           "/usr/share/zoneinfo/Europe/Berlin"}) {
    CAPTURE(path);
    CHECK(makes_root(path, false, own));
    CHECK_FALSE(makes_root(path, true, own));
  }
}
