#include "bench/peers.h"

#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "engine/config/settings.h"
#include "engine/container/identity.h"
#include "engine/container/launch_record.h"
#include "engine/docker/choose_endpoint.h"
#include "engine/translation/launch_plan.h"

namespace containerizer::bench {
namespace {

namespace json = boost::json;

template <class T>
T checked(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
  return std::move(result.value());
}

std::string name_of(const Task& task) { return "bench-" + task.id; }

std::string text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

ClientSettings settings() {
  ClientSettings settings;
  settings.endpoint = checked(choose_endpoint(own_environment()));
  return settings;
}

}  // namespace

json::object create_body(const Slave& slave, const Task& task) {
  auto plan = checked(make_launch_plan(task.launch, task.environment, {}, {}));
  const auto container = checked(new_container(task.launch));
  // The label of another instance, so the program does not treat it as its own.
  plan.create["Labels"] = identity_labels(container, slave.work_directory() + "-peer");
  return plan.create;
}

Command docker(std::vector<std::string> words) {
  words.insert(words.begin(), "docker");
  return {words, basic_environment(), "/", "", "/dev/null"};
}

Command docker_run(const Slave& slave, const Task& task) {
  const auto body = create_body(slave, task);
  const auto& host = body.at("HostConfig").as_object();
  std::vector<std::string> words{"run", "-d", "--name", name_of(task)};
  const auto add = [&](const std::string& flag, const std::string& value) {
    words.push_back(flag);
    words.push_back(value);
  };
  const std::pair<const char*, const char*> limits[] = {
      {"--network", "NetworkMode"},
      {"--cpu-shares", "CpuShares"},
      {"--memory", "Memory"},
      {"--memory-reservation", "MemoryReservation"}};
  for (const auto& [flag, field] : limits) add(flag, text(host.at(field)));
  for (const auto& mount : host.at("Mounts").as_array()) {
    add("--mount",
        "type=bind,source=" + text(mount.at("Source")) + ",target=" + text(mount.at("Target")));
  }
  for (const auto& variable : body.at("Env").as_array()) add("--env", text(variable));
  for (const auto& label : body.at("Labels").as_object()) {
    add("--label", std::string(label.key()) + "=" + text(label.value()));
  }
  add("--entrypoint", text(body.at("Entrypoint").as_array().at(0)));
  words.push_back(text(body.at("Image")));
  for (const auto& word : body.at("Cmd").as_array()) words.push_back(text(word));
  auto command = docker(words);
  command.errors = task.sandbox + "/stderr";
  return command;
}

void docker_remove(const Task& task) { run(docker({"rm", "-f", "-v", name_of(task)})); }

BareDaemon::BareDaemon() : client_(settings()) { checked(client_.has_image("busybox:test")); }

void BareDaemon::start(const Task& task, const json::object& body) {
  checked(client_.create(name_of(task), body));
  checked(client_.start(name_of(task)));
}

std::size_t BareDaemon::list(const Slave& slave) {
  const auto listed = client_.list(instance_label, slave.work_directory());
  checked(listed);
  return listed.value().size();
}

}  // namespace containerizer::bench
