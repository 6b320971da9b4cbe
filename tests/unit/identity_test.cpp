#include "engine/container/identity.h"

#include <catch2/catch.hpp>
#include <set>

#include "engine/lifecycle/lifecycle.h"
#include "engine/translation/launch_plan.h"
#include "host/process.h"

using namespace containerizer;

namespace {

store::Container some_container() {
  store::Container c;
  c.container_id = "6a782d8e-1f2b";
  c.kind = "command";
  c.slave_id = "slave-1";
  c.framework_id = "framework-1";
  c.executor_id = "executor ü:=";
  c.task_id = "task.1";
  c.directory = "/tmp/mesos/slaves/1:2/runs/x";
  c.nonce = make_nonce();
  c.boot_id = "the boot of its creation";
  return c;
}

// The container as the daemon describes it.
ContainerFacts seen_as(const store::Container& container) {
  ContainerFacts facts;
  facts.id = std::string(64, 'd');
  facts.name = "containerizer-" + container.container_id;
  facts.status = "running";
  facts.started = true;
  for (const auto& label : identity_labels(container, "/tmp/mesos")) {
    facts.labels[std::string(label.key())] = label.value().as_string();
  }
  return facts;
}

}  // namespace

TEST_CASE("nonces are 128 bits in hexadecimal, and unique") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto nonce = make_nonce();
    CHECK(nonce.size() == 32);
    CHECK(nonce.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(seen.insert(nonce).second);
  }
}

TEST_CASE("container IDs are valid as names of files and containers", "[scenario-51]") {
  for (const std::string id :
       {"a", "0", "6a782d8e-1f2b-4c3d-9e5f-0123456789ab", "A.b_c-d", "a..b", "a-", "a."}) {
    INFO(id);
    CHECK(is_valid_container_id(id));
  }
  CHECK(is_valid_container_id(std::string(128, 'x')));
  for (const std::string id : {"", ".", "..", "-a", "_a", ".a", "a/b", "/a", "a b", "a\n", "a%",
                               "ü", "a:b", "a\\b", "a*"}) {
    INFO(id);
    CHECK_FALSE(is_valid_container_id(id));
  }
  CHECK_FALSE(is_valid_container_id(std::string(129, 'x')));
  CHECK_FALSE(is_valid_container_id(std::string("a\0b", 3)));
}

TEST_CASE("a row that was lost is rebuilt from the labels", "[scenario-2][scenario-59]") {
  auto original = some_container();
  if (GENERATE(false, true)) {
    original.kind = "custom";
    original.task_id.reset();
  }
  const auto seen = seen_as(original);
  CHECK(seen.labels.at(instance_label) == "/tmp/mesos");
  const auto rebuilt = rebuild(seen);
  REQUIRE(rebuilt);
  CHECK(rebuilt->container_id == original.container_id);
  CHECK(rebuilt->kind == original.kind);
  CHECK(rebuilt->slave_id == original.slave_id);
  CHECK(rebuilt->framework_id == original.framework_id);
  CHECK(rebuilt->executor_id == original.executor_id);
  CHECK(rebuilt->task_id == original.task_id);
  CHECK(rebuilt->directory == original.directory);
  CHECK(rebuilt->nonce == original.nonce);
  CHECK(rebuilt->docker_id == seen.id);
  CHECK(rebuilt->boot_id == original.boot_id);
  CHECK(!rebuilt->delivered_at);
  CHECK(is_ours(seen, *rebuilt));
}

TEST_CASE("the state of a rebuilt row is that of the container") {
  struct Case {
    std::string status;
    bool started;
    State state;
  };
  const auto example = GENERATE(values<Case>({
      {"created", false, State::creating},
      {"exited", false, State::creating},
      {"running", true, State::running},
      {"paused", true, State::running},
      {"restarting", true, State::running},
      {"exited", true, State::running},
      {"dead", true, State::running},
      {"removing", true, State::running},
      {"something new", true, State::starting},
  }));
  auto seen = seen_as(some_container());
  seen.status = example.status;
  seen.started = example.started;
  INFO(example.status);
  CHECK(rebuild(seen)->state == name_of(example.state));
}

TEST_CASE("no row is rebuilt from labels that are not ours", "[scenario-41]") {
  const auto whole = seen_as(some_container());
  const auto broken = [&](const std::string& label, const std::string& value) {
    auto seen = whole;
    seen.labels["docker-containerizer." + label] = value;
    return seen;
  };
  REQUIRE(rebuild(whole));
  CHECK(!rebuild(ContainerFacts{}));
  for (const char* label : {"container", "nonce", "kind", "directory"}) {
    INFO(label);
    auto without = whole;
    without.labels.erase(std::string("docker-containerizer.") + label);
    CHECK(!rebuild(without));
    CHECK(!rebuild(broken(label, "")));
  }
  CHECK(!rebuild(broken("container", "../../etc")));
  CHECK(!rebuild(broken("nonce", "short")));
  CHECK(!rebuild(broken("kind", "neither")));
  // An image can bring labels.
  auto of_an_image = whole;
  of_an_image.name = "somebody's";
  CHECK(!rebuild(of_an_image));
}

TEST_CASE("a container with the same ID, but of another launch, is not ours",
          "[scenario-4][scenario-6]") {
  const auto container = some_container();
  const auto seen = seen_as(container);
  CHECK(is_ours(seen, container));
  auto relaunched = container;
  relaunched.nonce = make_nonce();
  CHECK_FALSE(is_ours(seen, relaunched));
  CHECK_FALSE(is_ours(ContainerFacts{}, container));
}

TEST_CASE(
    "a container's name does not match those that the slave's own Docker containerizer removes") {
  CHECK(container_name("abc") == "containerizer-abc");
}
