// A daemon that has lost all its containers, and a host that was restarted: another boot ID, and
// all processes are gone.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/trial.h"

using namespace containerizer;
using namespace containerizer::integration;

namespace {

// While the object exists, the program reads another boot ID than the kernel's.
class OtherBoot {
 public:
  explicit OtherBoot(const fs::path& scratch) : wrapper_(scratch / "program-after-boot") {
    const auto boot = scratch / "boot_id";
    write_file(boot, "00000000-0000-4000-8000-000000000000\n");
    write_file(wrapper_, "#!/bin/sh\nexec unshare --mount sh -c 'mount --bind " + boot.string() +
                             " /proc/sys/kernel/random/boot_id && exec " + program() +
                             " \"$@\"' sh \"$@\"\n");
    fs::permissions(wrapper_, fs::perms(0755));
    if (const char* chosen = std::getenv(variable)) before_ = chosen;
    ::setenv(variable, wrapper_.c_str(), 1);
  }
  ~OtherBoot() {
    if (before_) ::setenv(variable, before_->c_str(), 1);
    if (!before_) ::unsetenv(variable);
  }
  OtherBoot(const OtherBoot&) = delete;
  OtherBoot& operator=(const OtherBoot&) = delete;

 private:
  static constexpr const char* variable = "TEST_CONTAINERIZER";
  fs::path wrapper_;
  std::optional<std::string> before_;
};

pid_t init_of(Trial& trial) {
  return static_cast<pid_t>(trial.place().show(Trial::id).at("pid").as_int64());
}

// Makes the daemon lose all containers, including those of others. Held requests continue only
// after that, because the image has to be created again.
void wipe_daemon(Trial& trial) {
  {
    const DeadDaemon dead;
    dead.wipe();
  }
  trial.gate().lose();
  trial.give_up_bystander();
}

// Runs the first verb that meets the lost container.
void ask_first(Trial& trial, const std::string& verb) {
  if (verb == "destroy") return trial.begin_destroy();
  const auto ran = trial.place().call_for(verb, Trial::id);
  INFO(verb << ": " << ran.err);
  CHECK(ran.status == exit_ok);
}

}  // namespace

TEST_CASE("daemon that has lost a running container", "[dockerd][scenario-18][scenario-42]") {
  const auto verb = GENERATE(as<std::string>(), "", "containers", "destroy");
  const bool supervised = verb.empty();
  CAPTURE(verb);
  Trial trial;
  trial.launch_until_it_runs();
  const auto init = init_of(trial);
  if (!supervised) trial.place().kill_supervisor(Trial::id);
  wipe_daemon(trial);
  if (!supervised) ask_first(trial, verb);
  CHECK(trial.conclude().status() == -1);
  CHECK(trial.kind() == "lost");
  eventually("its processes have ended", [&] { return ::kill(init, 0) != 0; });
}

TEST_CASE("daemon that has lost a container before or after it ran",
          "[dockerd][scenario-18][scenario-42]") {
  const auto moment = GENERATE(
      filter([](const Moment& one) { return one.state != "Pulling" && one.state != "Removing"; },
             from_range(all_moments())));
  CAPTURE(moment);
  Trial trial;
  trial.hold_at(moment, Hold::request);
  wipe_daemon(trial);
  if (!trial.is_destroyed()) trial.let_go();
  const auto reported = trial.conclude();
  if (moment.state == "Starting" || moment.state == "Stopping") {
    CHECK(trial.kind() == "lost");
    CHECK(reported.status() == -1);
  } else {
    CHECK(reported.status() == Trial::by_itself);
    CHECK(trial.runs() == 1);
  }
}

TEST_CASE("host that is restarted in the middle of an operation", "[scenario-26][scenario-39]") {
  const auto moment = GENERATE(from_range(all_moments()));
  const auto how = GENERATE(Hold::request, Hold::answer);
  // In other states, performing the request leaves no trace in the daemon.
  const bool matters = moment.state == "Creating" || moment.state == "Starting";
  if (!matters && how == Hold::answer) return;
  CAPTURE(moment, how == Hold::answer);
  Trial trial;
  trial.hold_at(moment, how);
  const auto runs = trial.runs();
  trial.place().kill_all();
  {
    const DeadDaemon dead;
    trial.gate().lose();
    dead.cut_power();
  }
  const OtherBoot boot(trial.place().scratch());
  const auto reported = trial.conclude();
  if (moment.state == "Exited" || moment.state == "Removing") {
    CHECK(reported.status() == Trial::by_itself);
  } else {
    CHECK(trial.kind() == "rebooted");
    CHECK(reported.status() == -1);
  }
  // A program that the daemon has just started may not have written anything yet.
  if (moment.state != "Starting") CHECK(trial.runs() == runs);
}

TEST_CASE("host that is restarted while the container runs", "[scenario-26][scenario-39]") {
  const auto verb = GENERATE(as<std::string>(), "containers", "destroy", "usage");
  CAPTURE(verb);
  Trial trial;
  trial.launch_until_it_runs();
  trial.place().kill_all();
  {
    const DeadDaemon dead;
    dead.cut_power();
  }
  const OtherBoot boot(trial.place().scratch());
  if (verb == "usage") {
    trial.place().call_for(verb, Trial::id);
  } else {
    ask_first(trial, verb);
  }
  CHECK(trial.conclude().status() == -1);
  CHECK(trial.kind() == "rebooted");
  CHECK(trial.runs() == 1);
}

TEST_CASE("container whose exit was seen by no process, not even the daemon", "[scenario-28]") {
  const bool supervised = GENERATE(true, false);
  CAPTURE(supervised);
  Trial trial;
  trial.launch_until_it_runs();
  if (!supervised) trial.place().kill_supervisor(Trial::id);
  {
    const DeadDaemon dead;
    dead.cut_power();
  }
  // The daemon invents an exit code, which is not a success.
  CHECK(trial.conclude().state() == mesos::TASK_FAILED);
  CHECK(trial.runs() == 1);
}
