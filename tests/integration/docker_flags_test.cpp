// Compares the flags of `docker run` with docker's own command line: both create a container, and
// `inspect` of the two is compared field by field.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <regex>
#include <set>

#include "engine/docker/client.h"
#include "engine/translation/launch_plan.h"
#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "tests/integration/docker_flags_samples.h"
#include "tests/integration/work_directory.h"

using namespace containerizer;
using namespace containerizer::integration;

namespace {

using Words = std::vector<std::string>;

constexpr const char* image = "busybox:test";
const TaskSettings settings;
const fs::path sandbox = fs::temp_directory_path();

std::string daemon() {
  const char* host = std::getenv("TEST_DOCKER_HOST");
  if (host == nullptr) FAIL("TEST_DOCKER_HOST must name a Docker daemon for tests (bin/daemon)");
  return host;
}

// --- The flags that docker knows ---

struct HelpFlag {
  std::string name;
  char letter = '\0';
  bool is_switch = false;
};

std::vector<HelpFlag> flags_of_help() {
  static const std::regex line("  (?:   |-(\\w),) --([a-z0-9-]+)( \\S+)?(?: {2}.*)?");
  std::vector<HelpFlag> flags;
  for (const std::string& text : split(docker({"run", "--help"}), '\n')) {
    std::smatch match;
    if (!std::regex_match(text, match, line)) continue;
    flags.push_back({match[2], match[1].matched ? *match[1].first : '\0', !match[3].matched});
  }
  return flags;
}

// --- A sample in all its spellings ---

std::string flag_name(const std::string& flag) { return split_pair(flag, '=').first; }

bool names(const Sample& sample, const std::set<std::string>& flags) {
  return std::any_of(sample.begin(), sample.end(),
                     [&](const auto& flag) { return flags.contains(flag_name(flag)); });
}

std::string in_shell_quotes(const std::string& word) {
  static const std::regex quote("'");
  return "'" + std::regex_replace(word, quote, "'\\''") + "'";
}

Words joined(const Sample& sample) {
  Words words;
  for (const std::string& flag : sample) words.push_back("--" + flag);
  return words;
}

Words separate(const Sample& sample) {
  Words words;
  for (const std::string& flag : sample) {
    const auto [name, value] = split_pair(flag, '=');
    const FlagRow* const row = find_flag(name);
    REQUIRE(row != nullptr);
    if (row->is_switch) {
      words.push_back("--" + flag);
    } else if (row->letter != '\0') {
      words.insert(words.end(), {std::string("-") + row->letter, value});
    } else {
      words.insert(words.end(), {"--" + name, value});
    }
  }
  return words;
}

Words one_string(const Sample& sample) {
  std::string line = " ";
  for (const std::string& word : separate(sample)) line += in_shell_quotes(word) + " ";
  return {line};
}

// --- The create request of a launch ---

mesos::containerizer::Launch basic_launch() {
  mesos::containerizer::Launch launch;
  launch.mutable_container_id()->set_value("flags");
  launch.set_directory(sandbox);
  auto& task = *launch.mutable_task_info();
  task.mutable_command()->set_shell(false);
  task.mutable_command()->set_value("true");
  task.mutable_container()->set_type(mesos::ContainerInfo::DOCKER);
  task.mutable_container()->mutable_docker()->set_network(mesos::ContainerInfo::DockerInfo::BRIDGE);
  return launch;
}

Result<LaunchPlan> plan_of_options(const Words& options) {
  auto launch = basic_launch();
  auto& container = *launch.mutable_task_info()->mutable_command()->mutable_container();
  container.set_image(image);
  for (const std::string& word : options) container.add_options(word);
  return make_launch_plan(launch, {}, settings, "");
}

Result<LaunchPlan> plan_of_parameters(const Sample& sample) {
  auto launch = basic_launch();
  auto& docker = *launch.mutable_task_info()->mutable_container()->mutable_docker();
  docker.set_image(image);
  for (const std::string& flag : sample) {
    auto& parameter = *docker.add_parameters();
    std::tie(*parameter.mutable_key(), *parameter.mutable_value()) = split_pair(flag, '=');
  }
  return make_launch_plan(launch, {}, settings, "");
}

std::string text_of(const Result<LaunchPlan>& plan) {
  return plan.ok() ? json::serialize(plan.value().create) : plan.failure().text;
}

// --- The containers ---

struct Created {
  std::string id;       // "" if it was refused
  std::string refusal;  // the message of docker, the daemon or our program
};

// Creates containers. The destructor removes them.
class Creator {
 public:
  Creator() {
    ClientSettings client;
    client.endpoint = parse_endpoint(daemon()).value();
    docker_ = connect_docker(client);
    ids_.push_back(docker({"create", "--name", other_container, "-v", "/shared", image, "true"}));
  }
  ~Creator() {
    Words words{"docker", "-H", daemon(), "rm", "-f", "-v"};
    words.insert(words.end(), ids_.begin(), ids_.end());
    CHECK(run(words).status == 0);
    CHECK(run({"docker", "-H", daemon(), "volume", "rm", "-f", "flags-volume"}).status == 0);
  }
  Creator(const Creator&) = delete;
  Creator& operator=(const Creator&) = delete;

  Created by_docker(const Sample& sample, const Words& command = {"true"}) {
    Words words{"docker", "-H", daemon(), "create"};
    if (!names(sample, {"network", "net"})) words.insert(words.end(), {"--network", "bridge"});
    const Words flags = joined(sample);
    words.insert(words.end(), flags.begin(), flags.end());
    // These are part of every launch.
    words.insert(
        words.end(),
        {"--env=MESOS_CONTAINER_NAME=containerizer-flags",
         "--env=MESOS_SANDBOX=" + settings.sandbox,
         "--mount=type=bind,source=" + sandbox.string() + ",target=" + settings.sandbox, image});
    words.insert(words.end(), command.begin(), command.end());
    const Ran ran = run(words);
    if (ran.status != 0) return {"", ran.err};
    return kept({ran.out.substr(0, ran.out.find('\n')), ""});
  }

  Created by_launch(const Result<LaunchPlan>& plan) {
    if (!plan.ok()) return {"", plan.failure().text};
    const auto name = "flags-" + std::to_string(ids_.size());
    const Result<std::string> id = docker_->create(name, plan.value().create);
    if (!id.ok()) return {"", id.failure().text};
    return kept({id.value(), ""});
  }

  // The output of `inspect` for all of them, by ID.
  std::map<std::string, json::object> inspect() const {
    Words words{"inspect"};
    words.insert(words.end(), ids_.begin(), ids_.end());
    std::map<std::string, json::object> documents;
    const json::value answer = json::parse(docker(words));
    for (const json::value& document : answer.as_array()) {
      documents.emplace(document.at("Id").as_string(), document.as_object());
    }
    return documents;
  }

 private:
  Created kept(Created created) {
    ids_.push_back(created.id);
    return created;
  }

  std::unique_ptr<Docker> docker_;
  Words ids_;
};

// --- The comparison ---

// Removes fields without content: for the API, null, an empty list and an absent field are the
// same.
json::value meaningful(const json::value& value) {
  static const std::regex id("[0-9a-f]{64}");
  if (value.is_object()) {
    json::object result;
    for (const auto& [key, content] : value.get_object()) {
      json::value kept = meaningful(content);
      const bool empty = kept.is_null() || (kept.is_array() && kept.get_array().empty()) ||
                         (kept.is_object() && kept.get_object().empty());
      // An empty list is not the same as an absent one here: the daemon has a default.
      if (!empty || key == "MaskedPaths" || key == "ReadonlyPaths") result[key] = std::move(kept);
    }
    return result;
  }
  if (value.is_array()) {
    json::array result;
    for (const json::value& element : value.get_array()) result.push_back(meaningful(element));
    return result;
  }
  if (!value.is_string()) return value;
  return json::value(std::regex_replace(std::string(value.get_string()), id, "ID"));
}

void sort_by(json::value& list, const char* key) {
  if (!list.is_array()) return;
  auto& elements = list.get_array();
  std::sort(elements.begin(), elements.end(), [&](const json::value& a, const json::value& b) {
    return a.at(key).as_string() < b.at(key).as_string();
  });
}

std::string with(const std::string& text, const std::string& part, const std::string& other) {
  const auto at = text.find(part);
  return at == text.npos ? text : text.substr(0, at) + other + text.substr(at + part.size());
}

// Removes the fields that differ between any two containers.
json::object comparable(const json::object& document) {
  const std::string id(document.at("Id").as_string());
  json::object result = meaningful(document).as_object();
  json::object& host = result["HostConfig"].as_object();
  if (host.contains("Links")) {
    const std::string name(document.at("Name").as_string());
    for (json::value& link : host["Links"].as_array()) {
      link = with(std::string(link.as_string()), name + "/", "/NAME/");
    }
  }
  // The docker command sends them in the order of a hash table.
  if (json::array* binds = host["Binds"].if_array()) {
    std::sort(binds->begin(), binds->end(), [](const json::value& a, const json::value& b) {
      return a.as_string() < b.as_string();
    });
  }
  for (const char* field : {"Id", "Created", "Name"}) result.erase(field);
  // The daemon lists them in the order of a hash table.
  sort_by(result["Mounts"], "Destination");

  json::object& config = result["Config"].as_object();
  // The default is derived from the ID.
  if (config.at("Hostname").as_string() == id.substr(0, 12)) config.erase("Hostname");
  // `docker create` prepares for attaching; `docker run -d` does not send these fields.
  for (const char* field : {"AttachStdout", "AttachStderr"}) config.erase(field);
  // Of two variables with the same name, the container gets the last one. The order has no other
  // meaning.
  json::object variables;
  for (const json::value& variable : config["Env"].as_array()) {
    const auto [name, value] = split_pair(std::string(variable.as_string()), '=');
    variables[name] = value;
  }
  config["Env"] = std::move(variables);
  return result;
}

std::string differences(const json::value& docker, const json::value& ours,
                        const std::string& path = "") {
  if (docker == ours) return "";
  if (!docker.is_object() || !ours.is_object()) {
    return path + ": docker has " + json::serialize(docker) + ", we have " + json::serialize(ours) +
           "\n";
  }
  std::set<std::string> keys;
  for (const auto* document : {&docker.get_object(), &ours.get_object()}) {
    for (const auto& entry : *document) keys.insert(entry.key());
  }
  const auto at = [](const json::value& document, const std::string& key) {
    const json::value* const found = document.get_object().if_contains(key);
    return found == nullptr ? json::value() : *found;
  };
  std::string result;
  for (const std::string& key : keys) {
    result += differences(at(docker, key), at(ours, key), path.empty() ? key : path + "." + key);
  }
  return result;
}

// The daemon's message in docker's output; "" if docker refused without asking the daemon.
std::string daemon_message_in(const std::string& refusal) {
  static const std::string start = "Error response from daemon: ";
  const auto at = refusal.find(start);
  if (at == refusal.npos) return "";
  const auto text = refusal.substr(at + start.size());
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("every flag of docker run is applied or refused with a reason") {
  const auto flags = flags_of_help();
  REQUIRE(flags.size() > 90);
  for (const HelpFlag& flag : flags) {
    CAPTURE(flag.name);
    const FlagRow* const row = find_flag(flag.name);
    REQUIRE(row != nullptr);
    CHECK(row->letter == flag.letter);
    const auto has_sample = [&](const Sample& sample) { return names(sample, {flag.name}); };
    if (row->apply == nullptr) {
      CHECK(row->target.size() > std::string_view("because").size());
      CHECK(plan_of_parameters({flag.name + "=x"}).failed_with(Fault::refused));
    } else {
      CHECK(row->is_switch == flag.is_switch);
      const bool beyond = std::any_of(refused_by_docker.begin(), refused_by_docker.end(),
                                      [&](const Beyond& b) { return has_sample(b.sample); });
      const bool newer = std::any_of(needs_newer_api.begin(), needs_newer_api.end(),
                                     [&](const Newer& each) { return has_sample(each.sample); });
      CHECK((beyond || newer || std::any_of(alike.begin(), alike.end(), has_sample)));
    }
  }
}

TEST_CASE("flags of docker run create the same container as docker", "[dockerd]") {
  Creator creator;
  std::vector<std::pair<Created, Created>> pairs;
  for (const Sample& sample : alike) {
    pairs.emplace_back(creator.by_docker(sample), creator.by_launch(plan_of_parameters(sample)));
  }
  const auto documents = creator.inspect();
  for (std::size_t i = 0; i < alike.size(); ++i) {
    const auto& [docker, ours] = pairs[i];
    CAPTURE(alike[i], docker.refusal, ours.refusal);
    CHECK(docker.id.empty() == ours.id.empty());
    if (!docker.id.empty() && !ours.id.empty()) {
      CHECK(differences(comparable(documents.at(docker.id)), comparable(documents.at(ours.id))) ==
            "");
    } else if (docker.id.empty() && ours.id.empty()) {
      CHECK(!daemon_message_in(docker.refusal).empty());
      CHECK_THAT(ours.refusal, Catch::Contains(daemon_message_in(docker.refusal)));
    }
  }
}

TEST_CASE("samples that docker run refuses are refused", "[dockerd]") {
  Creator creator;
  // The control: what neither refuses is created.
  REQUIRE(!creator.by_docker({}).id.empty());
  REQUIRE(!creator.by_launch(plan_of_parameters({})).id.empty());
  for (const Sample& sample : refused_by_both) {
    const auto docker = creator.by_docker(sample);
    const auto ours = creator.by_launch(plan_of_parameters(sample));
    CAPTURE(sample, docker.refusal);
    CHECK(docker.id.empty());
    CHECK(ours.id.empty());
  }
}

TEST_CASE("flags of docker run that only docker or only we accept", "[dockerd]") {
  Creator creator;
  for (const Sample& sample : refused_by_us) {
    CAPTURE(sample);
    CHECK(!creator.by_docker(sample).id.empty());
    CHECK(plan_of_parameters(sample).failed_with(Fault::refused));
  }
  for (const auto& [sample, field, value] : refused_by_docker) {
    CAPTURE(sample);
    CHECK(creator.by_docker(sample).id.empty());
    const auto ours = creator.by_launch(plan_of_parameters(sample));
    REQUIRE(!ours.id.empty());
    CHECK(creator.inspect().at(ours.id).at("Config").at(field) == value);
  }
}

TEST_CASE("flags that need a newer daemon are refused by name", "[dockerd]") {
  Creator creator;
  for (const auto& [sample, needs] : needs_newer_api) {
    CAPTURE(sample);
    const auto ours = creator.by_launch(plan_of_parameters(sample));
    CHECK(ours.id.empty());
    CHECK_THAT(ours.refusal, Catch::Contains(needs));
  }
}

TEST_CASE("command line after the image", "[dockerd]") {
  Creator creator;
  const auto docker = creator.by_docker({"env=A=b"}, {"echo", "a b", "--privileged"});
  const auto ours =
      creator.by_launch(plan_of_options({"--env=A=b", "//", "echo", "a b", "--privileged"}));
  const auto documents = creator.inspect();
  CHECK(differences(comparable(documents.at(docker.id)), comparable(documents.at(ours.id))) == "");
}

TEST_CASE("flags of docker run mean the same in every spelling") {
  for (const auto* samples : {&alike, &refused_by_both, &refused_by_us}) {
    for (const Sample& sample : *samples) {
      CAPTURE(sample);
      const std::string expected = text_of(plan_of_parameters(sample));
      Words words = joined(sample);
      for (std::string& word : words) {
        // An element with spaces is split like a shell's command line.
        if (word.find(' ') != word.npos) word = in_shell_quotes(word);
      }
      CHECK(text_of(plan_of_options(words)) == expected);
      CHECK(text_of(plan_of_options(separate(sample))) == expected);
      CHECK(text_of(plan_of_options(one_string(sample))) == expected);
    }
  }
}
