// Launches as protobuf bytes, which are translated to plans.
#include "engine/translation/launch_plan.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>

#include "engine/translation/executor_command.h"
#include "engine/translation/fetch_request.h"
#include "engine/translation/image_name.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"

using namespace containerizer;
using namespace containerizer::fuzz;
using mesos::containerizer::Launch;

namespace {

namespace json = boost::json;

const Environment usual_environment{
    {"LIBPROCESS_IP", "127.0.0.1"},
    {"LIBPROCESS_PORT", "5051"},
    {"MESOS_DEFAULT_CONTAINER_IMAGE", "docker:///busybox:default"},
    {"MESOS_LIBEXEC_DIRECTORY", "/usr/libexec/mesos"},
    {"MESOS_NATIVE_LIBRARY", "/usr/lib/libmesos.so"},
    {"PATH", "/usr/bin:/bin"},
};

void check_variables(const json::object& body) {
  int sandboxes = 0;
  for (const json::value& entry : body.at("Env").as_array()) {
    const json::string& text = entry.as_string();
    expect(text.find('=') != json::string::npos, "a variable has a name", text);
    sandboxes += text.starts_with("MESOS_SANDBOX=") ? 1 : 0;
  }
  expect(sandboxes == 1, "MESOS_SANDBOX is set once");
}

void check_sandbox(const json::object& host, const Launch& launch, const TaskSettings& settings) {
  int mounts = 0;
  const auto* const list = host.if_contains("Mounts");
  for (const json::value& mount : list != nullptr ? list->as_array() : json::array()) {
    if (mount.at("Target").as_string() != settings.sandbox) continue;
    expect(mount.at("Source").as_string() == launch.directory(), "the sandbox is the task's own");
    ++mounts;
  }
  // The form of a sandbox whose path has a comma.
  const auto* const binds = host.if_contains("Binds");
  for (const json::value& bind : binds != nullptr ? binds->as_array() : json::array()) {
    mounts += bind.as_string() == launch.directory() + ":" + settings.sandbox + ":rw" ? 1 : 0;
  }
  expect(mounts == 1, "the sandbox is mounted once");
}

void check_labels(const json::object& body) {
  const json::value* labels = body.if_contains("Labels");
  if (labels == nullptr) return;
  for (const auto& label : labels->as_object()) {
    expect(!label.key().starts_with("docker-containerizer."), "no task sets labels of ours");
  }
}

void check_plan(const LaunchPlan& plan, const Launch& launch, const TaskSettings& settings) {
  const auto reference = image_reference(plan.image);
  expect(reference.ok() && reference.value() == plan.image, "a plan has an image", plan.image);
  expect(plan.create.at("Image").as_string() == plan.image, "the create request has the same image",
         plan.image);
  const json::object& host = plan.create.at("HostConfig").as_object();
  expect(host.at("RestartPolicy").at("Name").as_string() == "no", "the daemon restarts nothing");
  expect(!host.at("AutoRemove").as_bool(), "the daemon removes nothing");
  expect(!plan.kill_grace || plan.kill_grace->count() >= 0, "the grace period is not negative");
  for (const std::string& directory : plan.sandbox_paths) {
    expect(directory.starts_with(launch.directory()) && directory.find("/../") == directory.npos,
           "directories are made in the sandbox only", directory);
  }
  check_variables(plan.create);
  check_sandbox(host, launch, settings);
  check_labels(plan.create);
}

void check_command(const Launch& launch) {
  const auto argv = executor_argv(launch, usual_environment, "/bin/docker-containerizer", "id");
  if (!argv.ok()) expect_readable(argv.failure());
  if (argv.ok()) expect(!argv.value().empty(), "a command has a program");
  executor_environment(launch, usual_environment);
  const auto& uris = launch.executor_info().command().uris();
  const Uris list(uris.begin(), uris.end());
  if (const Status good = check_uris(list, "/sandbox"); !good.ok())
    return expect_readable(good.failure());
  fetcher_environment(list, "/sandbox", "user", usual_environment);
}

// A range of ports has at most 65,535 entries, but a fuzzer tries thousands of ranges.
bool is_laborious(std::string_view bytes) {
  const auto count = [&](std::string_view word) {
    int found = 0;
    for (auto at = bytes.find(word); at != bytes.npos; at = bytes.find(word, at + 1)) ++found;
    return found;
  };
  return count("publish") + count("expose") + count("-p") > 3;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text(data, size);
  Launch launch;
  if (is_laborious(bytes) || !launch.ParseFromString(std::string(bytes))) return 0;
  TaskSettings settings;
  settings.default_image = "busybox";
  const std::string owner = size % 2 == 0 ? "" : "1000:1000";
  const auto plan = make_launch_plan(launch, usual_environment, settings, owner);
  const auto again = make_launch_plan(launch, usual_environment, settings, owner);
  expect(plan.ok() == again.ok(), "the same launch has the same result");
  if (!plan.ok()) {
    expect_readable(plan.failure());
    expect(plan.failed_with(Fault::refused), "a launch is refused", plan.failure().text);
    return 0;
  }
  expect(plan.value().create == again.value().create, "the same launch gives the same plan");
  check_plan(plan.value(), launch, settings);
  check_command(launch);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  std::minstd_rand chance(seed);
  const auto mutated = mutate_message(as_text(data, size), chance, most);
  std::memcpy(data, mutated.data(), mutated.size());
  return mutated.size();
}
