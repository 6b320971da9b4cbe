// Containers of other slaves and programs, and recovery after the database is lost.
#include <catch2/catch.hpp>

#include "containerizer.pb.h"
#include "proto/frame.h"
#include "tests/integration/foreigner.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Termination;

namespace {

const char* const custom =
    "image=busybox:test command='until [ -e $MESOS_SANDBOX/go ]; do sleep 0.05; done; exit 7'";

Task start(Slave& slave, const WorkDirectory& place) {
  const auto task = slave.launch("task", custom, "launch-custom");
  slave.expect("launched task .*");
  place.await_state(task.id, "Running");
  return task;
}

// The slave dies together with its verbs and supervisors, and its database is lost.
void lose_record(const WorkDirectory& place, Slave& slave) {
  slave.die();
  place.lose_record();
}

std::string found_in(const fs::path& directory, const std::string& beginning) {
  for (const auto& entry : fs::directory_iterator(directory)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(beginning)) return name;
  }
  return "";
}

}  // namespace

TEST_CASE("two slaves on one daemon") {
  const WorkDirectory here;
  const WorkDirectory there;
  Slave one(here);
  Slave other(there);
  const auto task = start(one, here);
  CHECK(there.call("recover").status == 0);
  CHECK(there.call("containers").out == std::string(4, '\0'));
  CHECK(there.call_for("destroy", task.id).status == 0);
  CHECK(here.state_of(task.id) == "Running");
  CHECK(here.docker_containers().size() == 1);
  CHECK(there.docker_containers().empty());
}

TEST_CASE("containers of other programs") {
  const WorkDirectory place;
  const Foreigner plain({});
  const Foreigner named({"--name", "containerizer-of-somebody"});
  const Foreigner labelled({"--label", "docker-containerizer.instance=" + place.path().string()});
  const Foreigner elsewhere({"--label", "docker-containerizer.instance=/elsewhere"});
  CHECK(place.call("recover").status == 0);
  CHECK(place.call("containers").out == std::string(4, '\0'));
  CHECK(place.call_for("destroy", "of-somebody").status == 0);
  for (const auto* one : {&plain, &named, &labelled, &elsewhere}) CHECK(one->lives());
}

TEST_CASE("container whose name another program has taken", "[scenario-6]") {
  const WorkDirectory place;
  Slave slave(place, "1.0.4", {"--default_container_image=docker:///busybox:test"});
  const Foreigner taken({"--name", "containerizer-chosen"});
  const auto task = slave.launch("task",
                                 SOURCE_DIR
                                 "/tests/fixtures/mesos-0.19.1/launch-3.txtpb"
                                 " fresh=true container_id=chosen",
                                 "launch-text");
  CHECK(task.id == "chosen");
  slave.expect_termination(task);
  const auto termination = place.show(task.id).at("termination").as_object();
  CHECK(termination.at("kind").as_string() == "failed");
  CHECK(termination.at("step").as_string() == "create");
  CHECK_THAT(termination.at("message").as_string().c_str(),
             Contains("belongs to a different launch"));
  place.await_state(task.id, "Gone");
  CHECK(taken.lives());
}

TEST_CASE("lost record of a running container") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = start(slave, place);
  lose_record(place, slave);
  const auto how = GENERATE(as<std::string>(), "removed", "garbage");
  if (how == "garbage") {
    write_file(place.state() / "state.db", std::string(10'000, 'x'));
    fs::permissions(place.state() / "state.db", fs::perms(0600));
  }

  CHECK(place.call("recover").status == 0);
  CHECK(place.state_of(task.id) == "Running");
  const auto aside = found_in(place.state(), "state.db.unreadable-");
  CHECK(aside.empty() == (how == "removed"));
  if (!aside.empty()) CHECK(read_file(place.state() / aside) == std::string(10'000, 'x'));
  const auto wait = place.begin("wait", task.id);
  write_file(task.sandbox / "go", "");
  REQUIRE(wait->await_end());
  CHECK(message_in<Termination>(wait->out()).status() == 7 << 8);
}

TEST_CASE("limits and usage of a container whose record was lost", "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = start(slave, place);
  const auto limit = [&](const std::string& field) {
    return docker(
        {"inspect", "-f", "{{.HostConfig." + field + "}}", place.docker_containers().at(0)});
  };
  const auto before = limit("Memory");
  REQUIRE(limit("MemoryReservation") == before);
  lose_record(place, slave);
  REQUIRE(place.call("recover").status == 0);
  mesos::containerizer::Update less;
  less.mutable_container_id()->set_value(task.id);
  auto& memory = *less.add_resources();
  memory.set_name("mem");
  memory.set_type(mesos::Value::SCALAR);
  memory.mutable_scalar()->set_value(8);
  CHECK(place.call("update", containerizer::to_frame(less.SerializeAsString())).status == 0);
  // The hard limit is never lowered. 32 MiB is the lowest limit that the program sets.
  CHECK(limit("Memory") == before);
  CHECK(limit("MemoryReservation") == std::to_string(32 << 20));
  const auto usage = message_in<mesos::ResourceStatistics>(place.call_for("usage", task.id).out);
  CHECK(usage.has_cpus_user_time_secs());
}

TEST_CASE("containers that only the daemon knows") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = start(slave, place);
  lose_record(place, slave);
  // Even before a recovery: the slave would lose a container that is missing from the list.
  CHECK_THAT(place.call("containers").out, Contains(task.id));
  CHECK(place.call_for("destroy", task.id).status == 0);
  CHECK(place.docker_containers().empty());
}

TEST_CASE("container that was removed behind our back") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = start(slave, place);
  docker({"rm", "-f", place.docker_containers().at(0)});
  slave.expect_termination(task);
  const auto kind = place.show(task.id).at("termination").at("kind");
  // The daemon may have reported the exit before the removal.
  CHECK((kind == "lost" || kind == "signalled"));
}
