// The program is replaced by rename while containers live: by one with further migrations, and
// back. UPGRADE_SWAPS and UPGRADE_CONTAINERS set how often, and under how many containers.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <sstream>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Exits with 7 when the sandbox has a file "go", and with 3 on SIGTERM.
const char* const obedient =
    "trap 'exit 3' TERM; until rm $MESOS_SANDBOX/go 2> /dev/null; do sleep 0.05; done; exit 7";

int number(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : otherwise;
}

// A program that can be replaced as an operator does it.
class Installed {
 public:
  explicit Installed(WorkDirectory& place)
      : place_(place), path_(place.scratch() / "bin" / "docker-containerizer") {
    fs::create_directory(path_.parent_path());
    replace_by(program());
    // Each of them blocks until its container ends, so that each must answer.
    place.set("CONTAINERIZER_LATE_WAITS", "1000");
  }

  void replace_by(const fs::path& other) const {
    const auto fresh = path_.string() + ".new";
    fs::copy_file(other, fresh, fs::copy_options::overwrite_existing);
    fs::rename(fresh, path_);
  }
  void remove() const { fs::remove(path_); }

  Ran call(const std::string& verb, const std::string& input = "") const {
    return run({path_, verb}, place_.variables(), input);
  }
  std::unique_ptr<Child> begin(const std::string& verb, const std::string& id) const {
    auto child = std::make_unique<Child>(std::vector<std::string>{path_, verb}, place_.variables());
    child->send(frame_for(id));
    return child;
  }
  // Launches a container and waits until it runs. Returns its sandbox.
  fs::path launch(const std::string& id, const std::string& script) const {
    auto message = custom_launch(place_, id, script);
    const fs::path sandbox = place_.path() / ("sandbox-" + id);
    fs::create_directories(sandbox);
    message.set_directory(sandbox);
    const auto ran = call("launch", frame_of(message));
    INFO(ran.err);
    REQUIRE(ran.status == exit_ok);
    place_.await_state(id, "Running");
    return sandbox;
  }

 private:
  WorkDirectory& place_;
  fs::path path_;
};

const fs::path& next_program() {
  static const fs::path path = fs::path(slave_binaries()).parent_path() / "next-containerizer";
  return path;
}

// The commands of one block of docs/upgrading.md: the lines with an indentation that follow a line
// with this text.
std::string commands_behind(const std::string& text) {
  std::istringstream page(read_file(SOURCE_DIR "/docs/upgrading.md"));
  std::string line, commands;
  while (std::getline(page, line) && line.find(text) == std::string::npos) {
  }
  while (std::getline(page, line)) {
    const bool is_command = line.starts_with("       ");
    if (is_command) commands += line + "\n";
    if (!is_command && !line.empty() && !commands.empty()) break;
  }
  CAPTURE(text);
  REQUIRE(!commands.empty());
  return commands;
}

// A container, with the `wait` of its slave.
struct Task {
  std::string id;
  fs::path sandbox;
  std::unique_ptr<Child> wait;
  void let_end() const { write_file(sandbox / "go", ""); }
};

// Exactly one frame, with this exit code.
void check_answer(Task& task, int code) {
  CAPTURE(task.id);
  REQUIRE(task.wait->await_end());
  INFO(task.wait->err());
  CHECK(task.wait->ended() == exit_ok);
  const auto message = message_in<mesos::containerizer::Termination>(task.wait->out());
  CHECK(task.wait->out() == frame_of(message));
  CHECK(message.status() == code << 8);
}

// No text of the log occurs twice, apart from the times.
void check_log(const Task& task) {
  CAPTURE(task.id);
  std::istringstream lines(read_file(task.sandbox / "stderr"));
  std::map<std::string, int> seen;
  for (std::string line; std::getline(lines, line);) {
    const auto text = line.find('[');
    if (text != std::string::npos) ++seen[line.substr(text)];
  }
  for (const auto& [line, times] : seen) {
    CAPTURE(line);
    CHECK(times == 1);
  }
}

std::vector<Task> start_tasks(const Installed& installed, int count) {
  std::vector<Task> tasks;
  for (int i = 0; i < count; ++i) {
    Task task;
    task.id = "c" + std::to_string(i);
    task.sandbox = installed.launch(task.id, obedient);
    task.wait = installed.begin("wait", task.id);
    eventually("wait waits", [&] { return waits_for_lock(task.wait->pid()); });
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace

TEST_CASE("program that is replaced while containers live, and put back") {
  const int count = std::max(4, number("UPGRADE_CONTAINERS", 4));
  for (int swap = 0; swap < number("UPGRADE_SWAPS", 1); ++swap) {
    CAPTURE(swap);
    WorkDirectory place;
    const Installed installed(place);
    auto tasks = start_tasks(installed, count);
    const auto each = [&](int kind, const std::function<void(Task&)>& work) {
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (static_cast<int>(i) % 4 == kind) work(tasks[i]);
      }
    };
    // One kind ends during the swap, one after it, one is destroyed; of one the supervisor dies.
    each(0, [](Task& task) { task.let_end(); });
    installed.replace_by(next_program());
    CHECK(installed.call("containers").status == exit_ok);  // migrates
    CHECK(place.sql("PRAGMA user_version") == "9002");
    each(1, [](Task& task) { task.let_end(); });
    each(3, [&](Task& task) { place.kill_supervisor(task.id); });
    each(0, [](Task& task) { check_answer(task, 7); });
    each(1, [](Task& task) { check_answer(task, 7); });

    // The older program refuses what it cannot do, and harms no container.
    installed.replace_by(program());
    for (const auto* verb : {"recover", "containers"}) {
      const auto refused = installed.call(verb);
      CHECK(refused.status == exit_failed);
      CHECK_THAT(refused.err, Contains("schema version is 9002") && Contains("state.db.v"));
    }
    each(2, [&](Task& task) {
      const auto used = installed.call("usage", frame_for(task.id));
      INFO(used.err);
      CHECK(used.status == exit_ok);
      CHECK(installed.call("update", frame_of(update_of(task.id, 64))).status == exit_ok);
      CHECK_FALSE(task.wait->ended());
    });

    installed.replace_by(next_program());
    each(2, [&](Task& task) {
      CHECK(installed.call("destroy", frame_for(task.id)).status == exit_ok);
      check_answer(task, 3);
    });
    each(3, [](Task& task) { task.let_end(); });
    each(3, [](Task& task) { check_answer(task, 7); });
    CHECK(message_in<mesos::containerizer::Containers>(installed.call("containers").out)
              .containers_size() == 0);
    for (const auto& task : tasks) {
      CHECK(installed.call("destroy", frame_for(task.id)).status == exit_ok);
      check_log(task);
    }
  }
}

TEST_CASE("addition to the schema while processes of the older program live") {
  WorkDirectory place;
  const Installed installed(place);
  auto tasks = start_tasks(installed, 1);
  // Not at its beginning, where sqlite3 takes a comment for an option.
  place.sql(";" + read_file(SOURCE_DIR "/tests/upgrade/9001_addition.sql") +
            "INSERT INTO schema_migrations VALUES (9001, '9001_addition', 0, 1);"
            "PRAGMA user_version = 9001");
  tasks[0].let_end();
  check_answer(tasks[0], 7);
  CHECK(installed.call("destroy", frame_for(tasks[0].id)).status == exit_ok);
  CHECK(place.sql("PRAGMA user_version") == "9001");
  check_log(tasks[0]);
}

TEST_CASE("upgrade, way back and restore, by the commands of the page") {
  WorkDirectory place;
  const Installed installed(place);
  const auto safe = place.scratch() / "safe";
  const auto fresh = place.scratch() / "fresh";
  for (const auto& directory : {safe, fresh}) fs::create_directory(directory);
  const auto follow = [&](std::string commands, const std::map<std::string, std::string>& names) {
    auto all = names;
    all["/opt/docker-containerizer"] = place.scratch();
    all["/safe/place"] = safe;
    for (const auto& [name, value] : all) {
      for (auto at = commands.find(name); at != std::string::npos;
           at = commands.find(name, at + value.size())) {
        commands.replace(at, name.size(), value);
      }
    }
    const auto ran =
        run({"sh", "-exc", "cd " + fresh.string() + "\n" + commands}, place.variables());
    INFO(ran.err);
    CHECK(ran.status == 0);
  };
  const auto replace_by = [&](const fs::path& program) {
    fs::copy_file(program, fresh / "docker-containerizer", fs::copy_options::overwrite_existing);
    follow(commands_behind("Put the new program beside the old one"), {});
  };
  const auto listed = [&] {
    const auto ran = installed.call("containers");
    INFO(ran.err);
    return message_in<mesos::containerizer::Containers>(ran.out).containers_size();
  };
  const auto backup = commands_behind("Copy the database");
  const auto restore = commands_behind("Move the database aside");

  auto tasks = start_tasks(installed, 3);
  const auto version = place.sql("PRAGMA user_version");
  follow(backup, {});
  replace_by(next_program());
  CHECK(listed() == 3);  // migrates
  tasks[0].let_end();
  check_answer(tasks[0], 7);

  replace_by(program());
  CHECK(installed.call("recover").status == exit_failed);
  follow(restore, {{"state.db.vN", "state.db.v" + version}});
  CHECK(installed.call("recover").status == exit_ok);
  CHECK(listed() >= 2);
  tasks[1].let_end();
  check_answer(tasks[1], 7);

  // The same with the operator's own copy, from before the upgrade.
  fs::remove_all(place.state() / "aside");
  follow(restore, {{"state.db.vN", safe / "state.db"}});
  CHECK(installed.call("recover").status == exit_ok);
  CHECK(installed.call("destroy", frame_for(tasks[2].id)).status == exit_ok);
  check_answer(tasks[2], 3);
  for (const auto& task : tasks) {
    CHECK(installed.call("destroy", frame_for(task.id)).status == exit_ok);
  }
  CHECK(listed() == 0);
}

TEST_CASE("upgrade whose program is missing when it is needed") {
  WorkDirectory place;
  const Installed installed(place);
  auto tasks = start_tasks(installed, 1);
  auto& task = tasks[0];
  REQUIRE(run({next_program(), "containers"}, place.variables()).status == exit_ok);
  installed.remove();
  task.let_end();
  // Both stay, and report it once.
  eventually("the supervisor reports it", [&] {
    return read_file(task.sandbox / "stderr").find("install the newer program") !=
           std::string::npos;
  });
  CHECK_FALSE(task.wait->ended());
  installed.replace_by(next_program());
  check_answer(task, 7);
  CHECK(installed.call("destroy", frame_for(task.id)).status == exit_ok);
  check_log(task);
}
