#include "engine/lifecycle/cause.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <string_view>

#include "engine/lifecycle/lifecycle.h"
#include "engine/lifecycle/pull_cause.h"
#include "host/format.h"
#include "host/times.h"

namespace containerizer {
namespace {

using store::HistoryEntry;

std::string mebibytes(std::int64_t bytes) {
  return formatted("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

// What a program did to cause a signal itself.
const char* own_signal(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "it used memory that is not its own";
    case SIGABRT:
      return "it aborted itself, which programs do when they find an error in themselves";
    case SIGBUS:
      return "it used memory that does not exist, such as a part of a file that was cut off";
    case SIGFPE:
      return "it calculated something impossible, such as a division by zero";
    case SIGILL:
      return "it executed an instruction that this processor does not have";
    case SIGPIPE:
      return "it wrote to a pipe or a connection that the reader had closed";
    default:
      return "one of its own instructions or timers raised it";
  }
}

// Which limit made the kernel send a signal.
const char* kernels_signal(int signal) {
  switch (signal) {
    case SIGXCPU:
      return "the program used more processor time than its ulimit \"cpu\" allows";
    case SIGXFSZ:
      return "the program wrote a larger file than its ulimit \"fsize\" allows";
    default:
      return "the program made a system call that its seccomp profile forbids";
  }
}

class Explainer {
 public:
  explicit Explainer(const Story& story) : story_(story), id_(story.container.container_id) {}

  Explanation explain() {
    if (!story_.termination) {
      not_ended();
    } else if (const auto& end = *story_.termination; end.kind == "failed") {
      failed(end.step.value_or(""));
    } else if (end.kind == "destroyed") {
      destroyed();
    } else if (end.kind == "exited" || end.kind == "signalled") {
      ended_by(end.ended_by.value_or(""));
    } else {
      explain_kind(end.kind);
    }
    return std::move(answer_);
  }

 private:
  // --- What the answer consists of

  void cause(const char* name, std::string summary) {
    answer_.cause = name;
    answer_.summary = std::move(summary);
  }
  void evidence(std::string sentence) { answer_.evidence.push_back(std::move(sentence)); }
  void advise(std::string sentence) { answer_.advice.push_back(std::move(sentence)); }

  void quote_message() {
    const auto& end = *story_.termination;
    evidence(formatted("The record at {} says: {}.", local_time(end.recorded_at), end.message));
  }
  void quote_last_line() {
    if (story_.last_error_line.empty()) return;
    evidence("The last line in the sandbox's stderr is: " + story_.last_error_line);
  }
  void advise_logs() {
    advise(formatted("Read what the program wrote: `docker-containerizer logs --stderr {}`.", id_));
  }

  // --- What the record knows

  const HistoryEntry* entry(std::string_view event) const {
    const auto found = std::find_if(story_.history.begin(), story_.history.end(),
                                    [&](const auto& one) { return one.event == event; });
    return found == story_.history.end() ? nullptr : &*found;
  }
  const HistoryEntry* entry(Event event) const { return entry(name_of(event)); }
  std::string image() const { return story_.container.image.value_or("the image"); }
  std::string time_of(const HistoryEntry& one) const { return local_time(one.at.wall); }
  std::string between(const HistoryEntry& from, const HistoryEntry& to) const {
    return how_long(to.at.wall - from.at.wall);
  }
  // "It ran for 3.2 s, from … to …."
  void tell_run() {
    const auto* started = entry(Event::started);
    const auto* exited = entry(Event::exited);
    if (started == nullptr || exited == nullptr) return;
    evidence(formatted("It ran for {}, from {} to {}.", between(*started, *exited),
                       time_of(*started), time_of(*exited)));
  }

  // --- The container has not ended

  void not_ended() {
    const auto& state = story_.container.state;
    const auto since = local_time(story_.container.since.wall);
    const auto known = state_named(state);
    const std::string action = known ? action_in(*known) : "";
    cause("not ended",
          formatted("The container has not ended. It has been {} since {}.", state, since));
    if (!action.empty()) evidence("In this state, its supervisor does this: " + action + ".");
    if (state == name_of(State::pulling)) {
      evidence(formatted("The pull of {} has taken {} so far.", image(),
                         how_long(story_.now - story_.container.since.wall)));
    }
  }

  // --- The program has exited

  void ended_by(const std::string& who) {
    const auto& end = *story_.termination;
    if (who == "slave") return stopped();
    if (who == "operator") return ended_by_operator();
    if (who == "daemon") return daemon_restarted();
    if (end.kind == "exited") return exited(end.exit_code.value_or(0));
    signalled(who, end.signal.value_or(0));
  }

  void exited(int code) {
    tell_run();
    if (code == 0) return cause("success", "The program exited with 0, which means success.");
    cause("exit code", formatted("The program exited with exit code {}.", code));
    evidence(
        "Nobody is known to have stopped it: the record has no request to stop or destroy it, and "
        "no signal sent through the daemon.");
    quote_last_line();
    constexpr int not_executable = 126;
    constexpr int no_command = 127;
    if (code == no_command) {
      advise(
          "A shell exits with 127 if a command does not exist. Check the spelling, the PATH, and "
          "whether the image contains the command.");
    } else if (code == not_executable) {
      advise(
          "A shell exits with 126 if a command cannot be executed. Check its mode and its first "
          "line.");
    }
    advise_logs();
  }

  void signalled(const std::string& who, int signal) {
    const auto& word = story_.termination->ending;
    tell_run();
    if (who == "task") {
      cause("signal of the task",
            formatted("The program ended with signal {}: {}.", word, own_signal(signal)));
      quote_last_line();
      advise(
          "This is an error in the program. Run it in the same image under a debugger, or with "
          "its own checks switched on.");
      return advise_logs();
    }
    if (who == "kernel") {
      cause("signal of the kernel", formatted("The kernel ended the program with signal {}: {}.",
                                              word, kernels_signal(signal)));
      quote_last_line();
      return advise(
          "Raise the limit with --ulimit, or choose another profile with "
          "--security-opt seccomp=….");
    }
    cause(
        "signal of unknown origin",
        formatted("Signal {} ended the program, and the record does not tell who sent it.", word));
    evidence(
        "The record has no request to stop or destroy the container, no signal sent through the "
        "daemon, and no out-of-memory kill.");
    quote_last_line();
    advise(
        "Look in the kernel's log for \"Killed process\": the host itself may have run out of "
        "memory.");
    advise(
        formatted("A program on the host may have sent it, or the task's shell exited with {} "
                  "because its own child got the signal.",
                  128 + signal));
  }

  void stopped() {
    const auto* asked = entry(Event::stop_requested);
    const auto* exited = entry(Event::exited);
    cause("killed by the slave",
          "mesos-executor or systemd asked to stop the task, and the container ended after that.");
    if (asked != nullptr) {
      evidence(formatted("The request came at {}.", time_of(*asked)));
      if (exited != nullptr) {
        evidence(formatted("The container ended {} later.", between(*asked, *exited)));
      }
    }
    quote_message();
    advise(
        "mesos-executor asks when the framework kills the task, when the slave shuts it down, and "
        "when it has lost the slave. The logs of the framework and the slave tell which.");
    advise(
        "systemd asks when the host shuts down, and when somebody stops the supervisor's scope. "
        "Look in the journal for that time.");
  }

  void ended_by_operator() {
    const auto& end = *story_.termination;
    cause("killed by an operator",
          formatted("A person or a program ended the container through the daemon, as `docker "
                    "stop` and `docker kill` do{}.",
                    end.signal ? formatted(", with signal {}", *end.signal) : ""));
    evidence(
        "The daemon reported that a client had sent the signal, and the slave had not asked for "
        "it.");
    quote_message();
    advise("Ask who uses docker on this host. To end a task, kill it through its framework.");
    advise(
        "A daemon without live-restore also signals its containers when it stops. Set "
        "\"live-restore\": true in "
        "its daemon.json.");
  }

  void daemon_restarted() {
    cause("daemon restarted",
          "The daemon ended the container because the daemon was stopped or restarted.");
    evidence("The daemon did not respond when the container ended, and its live-restore is off.");
    quote_message();
    advise(
        "Set \"live-restore\": true in the daemon's daemon.json. Containers then survive a restart "
        "of the daemon.");
  }

  // --- The slave destroyed it

  void destroyed() {
    const auto* asked = entry(Event::destroy_requested);
    const auto from = asked != nullptr ? asked->from_state.value_or("") : std::string();
    const auto state = state_named(from);
    if (state && *state < State::running) return destroyed_early(*asked, *state);
    cause("destroyed by the slave", "The slave destroyed the container while it ran.");
    if (asked != nullptr) evidence(formatted("The request came at {}.", time_of(*asked)));
    quote_message();
    advise(
        "The slave does this when the framework, the executor or the slave itself shuts down, and "
        "when the executor does not register, or register again, in time.");
    advise(
        "It also does this after a failed update, for a container that it does not know, and for "
        "a task that is killed before its executor has registered.");
    advise("The slave's log gives the reason: search it for " + id_ + ".");
  }

  void destroyed_early(const HistoryEntry& asked, State state) {
    const auto* launch = entry("Launch");
    const auto lasted = launch != nullptr ? between(*launch, asked) : "an unknown time";
    if (state != State::pulling) {
      cause("destroyed before it ran",
            formatted("The slave destroyed the container {} after the launch, before it ran.",
                      lasted));
    } else {
      cause("registration timeout",
            formatted("The slave destroyed the container {} after the launch, while its image was "
                      "being pulled. No executor had registered in this time.",
                      lasted));
    }
    evidence(formatted("The request came at {}, in state {}.", time_of(asked), name_of(state)));
    if (const auto* pulling = entry(Event::fetched);
        state == State::pulling && pulling != nullptr) {
      evidence(formatted("The pull of {} had taken {} then.", image(), between(*pulling, asked)));
    }
    advise(
        "The slave gives up after its --executor_registration_timeout, which is 1 min by default. "
        "Raise it above the time that a launch takes.");
    if (state == State::pulling) {
      advise(formatted("Or pull the image first: `docker-containerizer pull {}`.", image()));
    }
    advise(
        "If the framework killed the task at that time, or the slave was stopped or restarted, "
        "nothing needs to change.");
  }

  // --- A step failed

  void failed(const std::string& step) {
    if (step == "pull") return pull_failed();
    if (step == "start") return start_failed();
    if (step == "executor") return executor_failed();
    if (step == "fetch") {
      cause("fetch failed",
            "mesos-fetcher could not fetch one of the task's URIs into the sandbox.");
      advise("Check that this host can reach the URI, and that it exists.");
      advise_logs();
    } else if (step == "hook") {
      cause("refused by the launch hook", "The operator's launch hook refused the launch.");
      advise("The program in CONTAINERIZER_LAUNCH_HOOK decides. Its output tells why.");
    } else if (step == "create") {
      cause("create failed", "The container could not be created.");
      advise("Change the option or the mount that the message names.");
    } else if (step == "record") {
      cause("not recorded", "The state database refused what the supervisor had to record.");
      advise("Report this bug. If an operator has changed the schema, undo the change.");
    } else {
      cause("launch refused", "The launch was refused before anything was done for it.");
      advise("Change the part of the task that the message names, or the operator's rule.");
    }
    quote_message();
  }

  void pull_failed() {
    struct Row {
      PullCause cause;
      const char* name;
      const char* summary;
      const char* advice;
    };
    static constexpr Row rows[] = {
        {PullCause::forced, "pull forbidden",
         "The launch forces a pull, and CONTAINERIZER_PULL=never forbids every pull.",
         "Remove force_pull_image, --pull=always or Image.cached=false from the task or the "
         "operator's options, or change CONTAINERIZER_PULL."},
        {PullCause::forbidden, "pull forbidden",
         "The image is not on this host, and CONTAINERIZER_PULL=never forbids pulling it.",
         "Load the image on this host first, or change CONTAINERIZER_PULL."},
        {PullCause::credentials, "pull refused: credentials",
         "The registry refused the image. It requires a login, or it rejected the login that "
         "was sent.",
         "Run `docker login` for this registry as the slave's user, or give the task a "
         ".dockercfg. Registries give the same answer for an image that does not exist."},
        {PullCause::no_such_image, "pull refused: no such image",
         "The registry does not have the image.",
         "Check the image's name and tag in the task, and that it was pushed."},
        {PullCause::registry_unreachable, "registry unreachable",
         "The daemon could not reach the registry.",
         "Check the registry's address, the network, DNS, the proxy and the certificate from this "
         "host."},
        {PullCause::daemon_unreachable, "daemon unreachable",
         "The daemon did not respond while the image was needed.",
         "Check that the daemon runs: `docker-containerizer doctor`."},
        {PullCause::other, "pull failed", "The image could not be pulled.",
         "The message is the daemon's own. Try `docker-containerizer pull IMAGE` for the image."},
    };
    const auto why = pull_cause_of(story_.termination->message);
    const auto* const row = std::find_if(std::begin(rows), std::end(rows),
                                         [&](const Row& one) { return one.cause == why; });
    cause(row->name, row->summary);
    evidence("The image is " + image() + ".");
    quote_message();
    advise(row->advice);
  }

  void start_failed() {
    const std::string_view message = story_.termination->message;
    const auto says = [&](const char* phrase) { return message.find(phrase) != message.npos; };
    // The runtimes name the program in one of these ways. A file that is missing elsewhere, such as
    // the source of a mount, has the same reason.
    const bool is_of_program =
        says("exec: ") || says("exec /") || says("exec user process") || says("executable file");
    if (says("executable file not found") || (is_of_program && says("no such file or directory"))) {
      cause("no such program",
            "The image does not contain the program that the task wants to run.");
      advise(
          "Check the task's command, and the image's ENTRYPOINT. A script also needs the "
          "interpreter that its first line names.");
    } else if (is_of_program && says("permission denied")) {
      cause("program not executable", "The program that the task wants to run cannot be executed.");
      advise("Check its mode in the image, and the task's user.");
    } else if (says("port is already allocated") || says("address already in use")) {
      cause("port taken", "A port that the task publishes is in use on this host.");
      advise("Choose another host port, or let Docker choose one.");
    } else {
      cause("start failed", "The daemon could not start the container.");
      advise("Change the part of the task that the message names.");
    }
    quote_message();
  }

  void executor_failed() {
    const auto* ended = entry(Event::executor_ended);
    // A detail says that mesos-executor still lived.
    if (ended != nullptr && !ended->detail.empty()) {
      cause("task never handed over",
            "The slave died after it had launched the container, and before it had given the task "
            "to mesos-executor. The supervisor then ended the container, because nobody could "
            "report the task any more.");
      evidence(formatted("No task proxy was running at {}.", time_of(*ended)));
      advise("Read the slave's log to find out why the slave died.");
      advise("The next slave reports such a task as TASK_LOST. Launch it again.");
    } else if (ended != nullptr) {
      cause("executor exited first",
            "mesos-executor exited while its task still ran. The supervisor then stopped the task, "
            "because nothing could report its end any more.");
      evidence(formatted("mesos-executor exited at {}.", time_of(*ended)));
      advise(
          "Look in the slave's log for the reason, such as a slave that was away for longer than "
          "its --recovery_timeout.");
      advise("Look in the kernel's log for \"Killed process\" with the name mesos-executor.");
    } else {
      cause("executor failed", "mesos-executor could not be started on this host.");
      advise("Check the slave's --launcher_dir: `docker-containerizer doctor`.");
    }
    quote_message();
  }

  // --- The other kinds

  void explain_kind(const std::string& kind) {
    if (kind == "oom") return out_of_memory();
    if (kind == "rebooted") return rebooted();
    if (kind == "lost") {
      cause("lost", "The daemon no longer has the container, or does not know how it ended.");
      advise(
          "`docker rm -f`, `docker system prune` and a daemon that loses its data directory cause "
          "this. Search the daemon's log for the container.");
    } else {
      cause("unknown", "The record does not say how the container ended.");
      advise(
          "The state database may have been lost or replaced. Read the log at CONTAINERIZER_LOG.");
    }
    quote_message();
  }

  void out_of_memory() {
    const auto& end = *story_.termination;
    cause("out of memory",
          "The kernel killed the program because the container exceeded its memory limit.");
    const auto limit = story_.limits.hard_memory ? story_.limits.hard_memory : story_.limits.memory;
    if (limit) evidence(formatted("The limit was {}.", mebibytes(*limit)));
    if (end.peak_memory) {
      evidence(formatted("The most that it used was {}.", mebibytes(*end.peak_memory)));
    } else {
      evidence("The kernel did not report the program's highest use of memory.");
    }
    tell_run();
    quote_last_line();
    advise(
        "Raise the task's \"mem\" above what the program needs, or make the program use less: a "
        "JVM, for example, needs -Xmx well below the limit.");
  }

  void rebooted() {
    cause("reboot", "The host was restarted while the container existed.");
    if (const auto* noticed = entry(Event::rebooted)) {
      evidence(formatted("The host started at {}.",
                         local_time(noticed->at.wall - noticed->at.monotonic)));
      const auto before = noticed == story_.history.data() ? nullptr : noticed - 1;
      if (before != nullptr) {
        evidence(
            formatted("The last entry before that is {} at {}.", before->event, time_of(*before)));
      }
    }
    quote_message();
    advise(
        "The exit code is lost. Find out why the host was restarted: `last -x reboot`, or the "
        "journal of the previous boot.");
  }

  const Story& story_;
  const std::string& id_;
  Explanation answer_;
};

}  // namespace

Explanation explain(const Story& story) { return Explainer(story).explain(); }

std::vector<std::string> all_causes() {
  return {"not ended",
          "success",
          "exit code",
          "signal of the task",
          "signal of the kernel",
          "signal of unknown origin",
          "out of memory",
          "killed by the slave",
          "killed by an operator",
          "destroyed by the slave",
          "destroyed before it ran",
          "registration timeout",
          "pull forbidden",
          "pull refused: credentials",
          "pull refused: no such image",
          "registry unreachable",
          "daemon unreachable",
          "pull failed",
          "no such program",
          "program not executable",
          "port taken",
          "start failed",
          "fetch failed",
          "refused by the launch hook",
          "create failed",
          "not recorded",
          "launch refused",
          "executor exited first",
          "task never handed over",
          "executor failed",
          "daemon restarted",
          "reboot",
          "lost",
          "unknown"};
}

}  // namespace containerizer
