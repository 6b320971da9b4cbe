#include "tests/slave/scenario.h"

#include <google/protobuf/text_format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include "tests/slave/raw_call.h"

namespace containerizer::player {

using mesos::containerizer::Launch;

namespace {

constexpr std::chrono::seconds patience{60};
constexpr std::chrono::seconds ping_patience{5};
constexpr std::chrono::milliseconds ping_pause{100};
constexpr std::size_t frame_head = 4;

std::chrono::milliseconds seconds_or(const std::vector<std::string>& words, std::size_t index,
                                     std::chrono::milliseconds otherwise) {
  if (words.size() <= index) return otherwise;
  return std::chrono::milliseconds(static_cast<long>(std::stod(words[index]) * 1000));
}

std::vector<KeyValue> settings_from(const std::vector<std::string>& words, std::size_t index) {
  std::vector<KeyValue> settings;
  for (std::size_t i = index; i < words.size(); ++i) settings.push_back(split_at(words[i], '='));
  return settings;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::invalid_argument("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Launch parse_launch(const std::string& path, bool as_text) {
  const std::string content = read_file(path);
  Launch launch;
  const bool parsed =
      as_text ? google::protobuf::TextFormat::ParseFromString(content, &launch)
              : content.size() >= frame_head && launch.ParseFromString(content.substr(frame_head));
  if (!parsed) throw std::invalid_argument(path + " is not a Launch message");
  return launch;
}

// A promise that can still be fulfilled after the timeout.
struct Ticket {
  std::shared_ptr<std::promise<void>> promise = std::make_shared<std::promise<void>>();

  bool answered_within(std::chrono::milliseconds limit) {
    return promise->get_future().wait_for(limit) == std::future_status::ready;
  }
  Slave::Done done() {
    return [promise = promise] { promise->set_value(); };
  }
};

}  // namespace

void Scenario::run(std::istream& input) {
  for (std::string line; std::getline(input, line);) {
    const auto words = split_words(line);
    if (words && words->empty()) continue;
    if (words && words->front() == "exit") return;
    try {
      if (!words) throw std::invalid_argument("a quote is not closed");
      carry_out(*words);
    } catch (const std::exception& error) {
      events_.expectation_failed(line + ": " + error.what());
    }
  }
}

void Scenario::carry_out(const Words& words) {
  struct Command {
    std::size_t least;  // The number of words that it needs, including its own name.
    std::function<void()> run;
  };
  const auto name = [&] { return words.at(1); };
  const std::map<std::string, Command> commands = {
      {"launch", {2, [&] { launch(words); }}},
      {"launch-custom", {2, [&] { launch(words); }}},
      {"launch-frame", {3, [&] { launch_recorded(words); }}},
      {"launch-text", {3, [&] { launch_recorded(words); }}},
      {"kill",
       {2,
        [&] {
          slave_.kill(name(), words.size() > 2
                                  ? std::optional(std::stod(split_at(words[2], '=').second))
                                  : std::nullopt);
        }}},
      {"shutdown", {2, [&] { slave_.shutdown(name()); }}},
      {"update", {2, [&] { update(words); }}},
      {"usage", {2, [&] { ask(words, [&](auto done) { slave_.usage(name(), done); }); }}},
      {"destroy", {2, [&] { ask(words, [&](auto done) { slave_.destroy(name(), done); }); }}},
      {"containers", {1, [&] { ask(words, [&](auto done) { slave_.containers(done); }); }}},
      {"await", {3, [&] { await(words); }}},
      {"await-count", {3, [&] { await_count(words); }}},
      {"ping", {1, [&] { ping(words); }}},
      {"expect-frozen", {1, [&] { expect_frozen(words); }}},
      {"raw", {2, [&] { raw(words); }}},
      {"pid",
       {1,
        [&] {
          if (words.size() > 1) {
            ask(words, [&](auto done) { slave_.print_wait_pid(name(), done); });
          } else {
            events_.print("pid " + std::to_string(getpid()));
          }
        }}},
  };
  const auto command = commands.find(words.front());
  if (command == commands.end()) throw std::invalid_argument("no such command");
  if (words.size() < command->second.least) throw std::invalid_argument("arguments are missing");
  command->second.run();
}

void Scenario::ask(const Words& words, const Asked& ask) {
  Ticket ticket;
  ask(ticket.done());
  if (words.back() == "&" || ticket.answered_within(patience)) return;
  throw std::runtime_error("no reply within a minute");
}

void Scenario::launch(const Words& words) {
  const TaskDraft draft = parse_draft(settings_from(words, 2), release_);
  const auto make = words[0] == "launch" ? command_task : custom_task;
  slave_.launch(words[1], make(words[1], draft, slave_.identity(), release_));
}

void Scenario::launch_recorded(const Words& words) {
  const Launch recorded = parse_launch(words[2], words[0] == "launch-text");
  const auto list = settings_from(words, 3);
  const std::map<std::string, std::string> settings(list.begin(), list.end());
  const auto setting = [&](const std::string& key) {
    const auto found = settings.find(key);
    return found == settings.end() ? std::string() : found->second;
  };
  const Identity identity = slave_.identity();
  TaskLaunch made = recorded_task(words[1], recorded, setting("fresh") == "true", identity);
  if (!setting("container_id").empty()) {
    made.launch.mutable_container_id()->set_value(setting("container_id"));
  }
  if (!setting("sandbox").empty()) made.launch.set_directory(setting("sandbox"));
  if (setting("slave_pid") == "true") made.launch.set_slave_pid(identity.slave_pid);
  slave_.launch(words[1], made);
}

void Scenario::await(const Words& words) {
  const auto limit = seconds_or(words, 3, patience);
  if (events_.await(words[1], words[2], limit)) return;
  throw std::runtime_error("reached only: " + events_.states(words[1]));
}

void Scenario::await_count(const Words& words) {
  const auto limit = seconds_or(words, 3, patience);
  if (events_.await_count(std::stoul(words[1]), words[2], limit)) return;
  throw std::runtime_error("reached by " + std::to_string(events_.count(words[2])));
}

void Scenario::update(const Words& words) {
  Resources resources;
  for (const auto& [key, value] : settings_from(words, 2)) {
    if (key == "&") continue;
    *resources.Add() = key == "ports" ? port_ranges(value) : scalar(key, std::stod(value));
  }
  ask(words, [&](auto done) { slave_.update(words[1], resources, done); });
}

void Scenario::ping(const Words& words) {
  Ticket ticket;
  slave_.ping(ticket.done());
  if (!ticket.answered_within(seconds_or(words, 1, ping_patience))) {
    throw std::runtime_error("no reply: no worker is free");
  }
}

void Scenario::expect_frozen(const Words& words) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < give_up) {
    Ticket ticket;
    slave_.ping(ticket.done());
    if (!ticket.answered_within(seconds_or(words, 1, ping_patience))) {
      events_.print("frozen");
      return;
    }
    std::this_thread::sleep_for(ping_pause);
  }
  throw std::runtime_error("the slave did not freeze");
}

void Scenario::raw(const Words& words) {
  std::string hex;
  bool close_stdin = false;
  std::chrono::milliseconds limit = patience;
  for (const auto& [key, value] : settings_from(words, 2)) {
    if (key == "close") {
      close_stdin = value == "true";
    } else if (key == "seconds") {
      limit = std::chrono::seconds(std::stoi(value));
    } else {
      hex = key;
    }
  }
  auto bytes = from_hex(hex);
  if (!bytes) bytes = from_hex(read_file(hex));
  if (!bytes) throw std::invalid_argument(hex + ": neither hexadecimal digits nor a file of them");
  Call call;
  call.verb = words[1];
  call.environment = environment_;
  const RawResult result = raw_call(invoker_, call, *bytes, close_stdin, limit);
  events_.print("raw " + words[1] + " " + describe_exit(result.status) +
                " stdout=" + to_hex(result.out) + " stderr=" + in_quotes(result.err));
  if (!result.ended) throw std::runtime_error("did not exit in time; killed");
}

}  // namespace containerizer::player
