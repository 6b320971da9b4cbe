#include "tests/integration/trial.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/recorded_history.h"

namespace containerizer::integration {
namespace {

using mesos::containerizer::Termination;

const char* const script =
    "echo ran >> $MESOS_SANDBOX/ran; trap 'exit 3' TERM; echo up;"
    "until rm $MESOS_SANDBOX/go 2> /dev/null; do sleep 0.05; done; echo over; exit 7";

// The daemon's facts of a container that do not change while no process touches it.
std::string sight_of(const std::string& docker_id) {
  return docker({"inspect", "-f", "{{.Name}} {{.State.Status}} {{.Created}}", docker_id});
}

int wait_status(int exit_code) {
  const bool is_signal = exit_code > 128 && exit_code <= 192;
  return is_signal ? exit_code - 128 : exit_code << 8;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Moment& moment) {
  return out << moment.state << " at " << moment.request;
}

const std::vector<Moment>& all_moments() {
  static const std::vector<Moment> all{
      {"Pulling", "/images/create"},
      {"Creating", "/containers/create"},
      {"Starting", "/start"},
      {"Stopping", "/kill"},
      // A daemon that was late once is not pinged: its log is read instead.
      {"Exited", "/_ping|/logs?"},
      {"Removing", "DELETE"}};
  return all;
}

Bystander::Bystander()
    : id_(docker({"create", "--name", "containerizer-of-somebody-else", "busybox:test", "true"})),
      sight_(sight_of(id_)) {}
Bystander::~Bystander() { run({"docker", "rm", "-f", id_}); }
bool Bystander::is_untouched() const { return sight_of(id_) == sight_; }

Trial::Trial() : bystander_(std::in_place), gate_(place_) {
  // The container remains after its end, so its exit code can be compared with the reported one.
  place_.set("CONTAINERIZER_REMOVE_DELAY", "1hrs");
}

void Trial::launch(const std::string& image) {
  auto message = custom_launch(place_, id, script);
  message.set_directory(sandbox());
  message.mutable_executor_info()->mutable_command()->mutable_container()->set_image(image);
  launch_directly(place_, message);
}

void Trial::launch_until_it_runs() {
  launch();
  eventually("the program runs", [&] { return state() == "Running" && runs() == 1; });
}

void Trial::hold_at(const Moment& moment, Hold how) {
  const bool pulls = moment.state == "Pulling";
  if (pulls) registry_.emplace(place_);
  if (moment.state == "Exited") {
    // The same request finds out the version of the API before.
    launch_until_it_runs();
    gate_.hold(moment.request, how);
  } else {
    gate_.hold(moment.request, how);
    launch(pulls ? registry_->image() : "busybox:test");
  }
  if (moment.state == "Stopping") {
    eventually("the program runs", [&] { return state() == "Running" && runs() == 1; });
    begin_destroy();
  }
  if (moment.state == "Exited" || moment.state == "Removing") let_go();
  if (moment.state == "Removing") {
    place_.await_state(id, "Removing");
    begin_destroy();
  }
  gate_.await_held();
  // On a busy host the daemon can be late before that, so that its log is read earlier.
  while (moment.state == "Exited" && state() == "Running") {
    gate_.let_pass();
    gate_.await_held();
  }
  // After a cut reply, the supervisor can already have continued, because the daemon has performed
  // the request.
  if (how != Hold::cut) REQUIRE(state() == moment.state);
}

void Trial::let_go() const { write_file(sandbox() / "go", ""); }

void Trial::begin_destroy() { destroy_ = place_.begin("destroy", id); }

int Trial::runs() const {
  const auto ran = read_file(sandbox() / "ran");
  return static_cast<int>(std::count(ran.begin(), ran.end(), '\n'));
}

Termination Trial::conclude(int most_runs) {
  const auto recovered = place_.call("recover");
  INFO(recovered.err);
  REQUIRE(recovered.status == exit_ok);
  check_record_against_daemon();
  if (is_destroyed()) {
    REQUIRE(destroy_->await_end());
  } else {
    CHECK(place_.listed() == std::vector<std::string>{id});
  }
  const auto reported = check_waits();
  const auto message = message_in<Termination>(reported);
  INFO(message.message());
  check_daemon_agrees(message.status());
  const auto destroyed = place_.call_for("destroy", id);
  INFO(destroyed.err);
  CHECK(destroyed.status == exit_ok);
  CHECK(place_.call("recover").status == exit_ok);
  CHECK(state() == "Gone");
  CHECK(place_.listed().empty());
  CHECK(check_waits() == reported);
  CHECK(place_.docker_containers().empty());
  CHECK(runs() <= most_runs);
  check_history(place_, id);
  if (bystander_) CHECK(bystander_->is_untouched());
  return message;
}

void Trial::conclude_by_itself() {
  CHECK(conclude().status() == by_itself);
  CHECK(output() == "up\nover\n");
}

void Trial::check_destroyed(const Termination& reported, bool may_be_forgotten) const {
  CHECK(kind() == "destroyed");
  CHECK((reported.status() == after_sigterm || reported.status() == SIGKILL ||
         (may_be_forgotten && (reported.status() == -1 || reported.status() == invented))));
}

// No container exists whose row is Gone, and no row is Running without a container.
void Trial::check_record_against_daemon() const {
  const auto before = state();
  const auto containers = place_.docker_containers();
  CHECK(containers.size() <= (before == "Gone" ? 0U : 1U));
  eventually("a container that is recorded as Running exists",
             [&] { return state() != "Running" || place_.docker_containers().size() == 1; });
}

// Runs two waits at once, which must return the same.
std::string Trial::check_waits() const {
  const auto one = place_.begin("wait", id);
  const auto other = place_.begin("wait", id);
  for (const auto* each : {&one, &other}) {
    REQUIRE((*each)->await_end());
    INFO((*each)->err());
    CHECK((*each)->ended() == exit_ok);
  }
  CHECK(one->out() == other->out());
  return one->out();
}

// If the daemon knows the exit code, the reported status is that code.
void Trial::check_daemon_agrees(int status) const {
  const auto containers = place_.docker_containers();
  const auto seen =
      containers.empty()
          ? "none 0"
          : docker({"inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", containers.at(0)});
  INFO("the daemon says " << seen);
  const bool is_unknown = kind() == "rebooted" || status == -1;
  if (is_unknown || !seen.starts_with("exited ")) return;
  CHECK(status == wait_status(std::stoi(seen.substr(seen.find(' ')))));
}

}  // namespace containerizer::integration
