// A broken database, disk or daemon: each verb fails in bounded time, with one clear line and the
// documented exit status, and does not guess.
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

void check_refusal(const Ran& ran, const std::string& names) {
  INFO(ran.err);
  CHECK(ran.status == exit_failed);
  CHECK(ran.out.empty());
  CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
  CHECK_THAT(ran.err, Contains(names));
}

// All verbs that need the database, except `wait`, which retries.
void check_refusals(const WorkDirectory& place, const std::string& names) {
  check_refusal(place.call("launch", frame_of(custom_launch(place, "c1", "true"))), names);
  check_refusal(place.call_for("usage", "c1"), names);
  // It retries for a while if that can help, and says so once.
  const auto destroyed = place.call_for("destroy", "c1");
  INFO(destroyed.err);
  CHECK(destroyed.status == exit_failed);
  CHECK(std::count(destroyed.err.begin(), destroyed.err.end(), '\n') <= 2);
  CHECK_THAT(destroyed.err, Contains(names));
  // A slave destroys a container whose update fails.
  const auto updated = place.call("update", frame_of(update_of("c1", 64)));
  CHECK(updated.status == exit_ok);
  CHECK_THAT(updated.err, Contains(names));
  check_refusal(place.call("containers"), names);
}

// An empty database whose content is all in the file, and not in the log.
fs::path fresh_database(const WorkDirectory& place) {
  REQUIRE(place.call("containers").status == exit_ok);
  place.sql("PRAGMA wal_checkpoint(TRUNCATE)");
  return place.state() / "state.db";
}

class SmallDisk {
 public:
  SmallDisk(fs::path path, const std::string& options) : path_(std::move(path)) {
    REQUIRE(::mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) == 0);
  }
  ~SmallDisk() { ::umount2(path_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  void make_read_only() const {
    REQUIRE(::mount("", path_.c_str(), "", MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  }

 private:
  fs::path path_;
};

// Listens, and sends the same reply to every request. With an empty reply, it never replies.
class OddDaemon {
 public:
  OddDaemon(WorkDirectory& place, std::string reply) : reply_(std::move(reply)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = place.scratch() / "odd.sock";
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    socket_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    REQUIRE(::bind(socket_.get(), generic, sizeof address) == 0);
    REQUIRE(::listen(socket_.get(), 64) == 0);
    place.set("CONTAINERIZER_DOCKER_ARGS", "-H unix://" + path);
    place.set("CONTAINERIZER_ENGINE_TIMEOUT", "1secs");
    place.set("CONTAINERIZER_ENGINE_PATIENCE", "1secs");
    if (!reply_.empty()) thread_ = std::thread([this] { serve(); });
  }
  ~OddDaemon() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  OddDaemon(const OddDaemon&) = delete;
  OddDaemon& operator=(const OddDaemon&) = delete;

 private:
  void serve() const {
    for (;;) {
      const Fd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer.valid()) return;
      char request[4096];
      if (::recv(peer.get(), request, sizeof request, 0) > 0) {
        ::send(peer.get(), reply_.data(), reply_.size(), MSG_NOSIGNAL);
      }
    }
  }

  const std::string reply_;
  Fd socket_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("state database that is damaged or not ours") {
  const WorkDirectory place;
  fresh_database(place);
  SECTION("text") { write_file(place.state() / "state.db", std::string(5000, 'x')); }
  SECTION("cut short") { fs::resize_file(place.state() / "state.db", 5000); }
  SECTION("of a newer program") { place.sql("PRAGMA user_version = 99"); }
  SECTION("of another program") { place.sql("PRAGMA application_id = 1"); }
  SECTION("a directory") {
    fs::remove(place.state() / "state.db");
    fs::create_directory(place.state() / "state.db");
  }
  const auto before =
      fs::is_directory(place.state() / "state.db") ? "" : read_file(place.state() / "state.db");
  check_refusals(place, "state.db");
  if (!before.empty()) CHECK(read_file(place.state() / "state.db") == before);
  // The destructor has nothing to destroy there.
  fs::remove_all(place.state());
}

TEST_CASE("state database that another process has locked") {
  const WorkDirectory place;
  sqlite3* holder = nullptr;
  REQUIRE(sqlite3_open(fresh_database(place).c_str(), &holder) == SQLITE_OK);
  REQUIRE(sqlite3_exec(holder, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto ran = place.call("launch", frame_of(custom_launch(place, "c1", "true")));
  sqlite3_close(holder);
  check_refusal(ran, "locked");
  CHECK(place.call("containers").out == std::string(4, '\0'));
}

TEST_CASE("full disk") {
  const WorkDirectory place;
  const SmallDisk disk(place.path(), "size=64k");
  check_refusals(place, "state.db");
  CHECK(place.docker_containers().empty());
}

TEST_CASE("disk that becomes full") {
  const WorkDirectory place;
  // Large enough for the write-ahead log of a slow host, where connections overlap.
  const SmallDisk disk(place.path(), "size=4m");
  REQUIRE(place.call("containers").status == exit_ok);
  run({"dd", "if=/dev/zero", "of=" + (place.path() / "filler").string(), "bs=4k"});
  check_refusal(place.call("launch", frame_of(custom_launch(place, "c1", "true"))), "state.db");
  fs::remove(place.path() / "filler");
  CHECK(place.call("containers").out == std::string(4, '\0'));
  CHECK(place.call("launch", frame_of(custom_launch(place, "c1", "true"))).status == exit_ok);
  place.await_state("c1", "Gone");
}

TEST_CASE("disk that cannot be written") {
  const WorkDirectory place;
  const SmallDisk disk(place.path(), "size=1m");
  const auto launch = custom_launch(place, "c1", "true");
  disk.make_read_only();
  check_refusal(place.call("launch", frame_of(launch)), place.state().string());
}

TEST_CASE("state directory that is open to others") {
  const WorkDirectory place;
  fresh_database(place);
  fs::permissions(place.state(), fs::perms(0755));
  check_refusal(place.call("containers"), "chmod 700");
  fs::permissions(place.state(), fs::perms(0700));
}

TEST_CASE("daemon that does not run") {
  WorkDirectory place;
  place.set("CONTAINERIZER_DOCKER_ARGS", "-H unix:///no/such/docker.sock");
  check_refusal(place.call("containers"), "/no/such/docker.sock");
  check_refusal(place.call("recover"), "/no/such/docker.sock");
}

TEST_CASE("daemon that sends nonsense") {
  const auto words = GENERATE(as<std::string>(), "", "nonsense\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\": bad",
                              "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n[");
  INFO(words);
  WorkDirectory place;
  const OddDaemon daemon(place, words);
  check_refusal(place.call("containers"), "odd.sock");
  check_refusal(place.call("recover"), "odd.sock");
}
