#include "tests/slave/executor/executor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "tests/slave/killtree.h"

namespace containerizer::player {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds linger{1000};
constexpr milliseconds default_grace{3000};
constexpr milliseconds old_suicide_delay{5000};
// 1.0 reserves this part of the shutdown grace period for its report.
constexpr milliseconds grace_margin{2000};

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

milliseconds seconds(double amount) { return milliseconds(static_cast<long>(amount * 1000)); }

Fd connect_to(const std::string& slave_pid) {
  const auto address = parse_address(slave_pid);
  if (!address) return Fd();
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(address->port);
  if (inet_pton(AF_INET, address->ip.c_str(), &peer.sin_addr) != 1) return Fd();
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) {
    return Fd();
  }
  return socket;
}

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& words) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(program.c_str(), arguments.data());
  std::cerr << "Failed to exec '" << program << "': " << std::strerror(errno) << std::endl;
  _exit(127);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    return std::string("Command terminated with signal ") + strsignal(WTERMSIG(status));
  }
  return "Command exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

int StandInExecutor::run() {
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  child_signals_ = Fd(signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK));
  connect("register");
  while (!end_at_ || Clock::now() < *end_at_) {
    wait_for_something();
    reap();
    pass_deadlines();
  }
  return EXIT_SUCCESS;
}

// --- The slave

void StandInExecutor::connect(const std::string& type) {
  slave_ = {connect_to(given_.slave_pid), ""};
  if (!slave_.socket.valid()) {
    std::cerr << "Failed to connect to the slave at " << given_.slave_pid << std::endl;
    slave_lost();
    return;
  }
  send({{"type", type}, {"address", address_}, {"task", task_}});
}

void StandInExecutor::send(Message message) {
  message["framework"] = given_.framework_id;
  message["executor"] = given_.executor_id;
  const std::string line = to_line(message);
  // Like libprocess: the process that listens at the slave's address now is the slave.
  if (!slave_.socket.valid()) slave_ = {connect_to(given_.slave_pid), ""};
  if (slave_.socket.valid() && write(slave_.socket.get(), line.data(), line.size()) < 0) {
    std::cerr << "Failed to send to the slave: " << std::strerror(errno) << std::endl;
  }
}

void StandInExecutor::wait_for_something() {
  std::array<pollfd, 4> all = {
      pollfd{child_signals_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0},
      pollfd{slave_.socket.get(), POLLIN, 0}, pollfd{caller_.socket.get(), POLLIN, 0}};
  if (poll(all.data(), all.size(), milliseconds_to_next_deadline()) <= 0) return;
  if (all[0].revents != 0) {
    signalfd_siginfo ignored{};
    while (read(child_signals_.get(), &ignored, sizeof ignored) > 0) {
    }
  }
  if (all[1].revents != 0) {
    caller_ = {Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), ""};
    return;
  }
  if (all[2].revents != 0) {
    read_from(slave_);
    if (!slave_.socket.valid()) slave_lost();
  }
  if (all[3].revents != 0) read_from(caller_);
}

void StandInExecutor::read_from(Line& line) {
  std::array<char, 4096> buffer{};
  const ssize_t got = read(line.socket.get(), buffer.data(), buffer.size());
  if (got <= 0) {
    line.socket.close();
    return;
  }
  line.received.append(buffer.data(), static_cast<std::size_t>(got));
  // A command can replace the connection itself, so take the commands out of it first.
  std::vector<Message> messages;
  for (auto end = line.received.find('\n'); end != std::string::npos;
       end = line.received.find('\n')) {
    if (const auto message = from_line(line.received.substr(0, end))) messages.push_back(*message);
    line.received.erase(0, end + 1);
  }
  for (const Message& message : messages) obey(message);
}

void StandInExecutor::obey(const Message& message) {
  const std::string type = text(message, "type");
  if (type == "registered") {
    registered_ = true;
    std::cout << "Registered executor on " << given_.slave_pid << std::endl;
  } else if (type == "launch-task") {
    launch_task(message);
  } else if (type == "kill") {
    const auto asked = number(message, "grace");
    const auto grace = asked ? asked : task_grace_;
    kill_task(grace ? seconds(*grace) : default_grace);
  } else if (type == "shutdown") {
    shut_down();
  } else if (type == "reconnect") {
    reconnect(message);
  } else if (type == "acknowledge") {
    const auto acknowledged = number(message, "number");
    std::erase_if(unacknowledged_,
                  [&](const Message& sent) { return number(sent, "number") == acknowledged; });
  }
}

void StandInExecutor::reconnect(const Message& message) {
  if (text(message, "slave_id") != given_.slave_id || !given_.checkpoint) return;
  given_.slave_pid = text(message, "slave_pid");
  give_up_slave_at_.reset();
  connect("reregister");
  for (const Message& status : unacknowledged_) send(status);
}

void StandInExecutor::slave_lost() {
  if (end_at_) return;
  if (given_.checkpoint && registered_) {
    std::cout << "Lost the slave, waiting for it" << std::endl;
    give_up_slave_at_ = Clock::now() + given_.recovery_timeout;
  } else {
    std::cout << "Lost the slave, shutting down" << std::endl;
    shut_down();
  }
}

// --- The task

std::vector<std::string> StandInExecutor::words_of(const boost::json::object& command,
                                                   std::string& program) const {
  const auto* shell = command.if_contains("shell");
  const std::string value = text(command, "value");
  if (shell == nullptr || !shell->is_bool() || shell->as_bool()) {
    program = "sh";
    return {"sh", "-c", value};
  }
  program = value;
  std::vector<std::string> words;
  if (const auto* arguments = command.if_contains("arguments"); arguments != nullptr) {
    for (const auto& one : arguments->as_array()) words.emplace_back(one.as_string());
  }
  return words;
}

void StandInExecutor::launch_task(const Message& message) {
  const std::string task = text(message, "task");
  if (!task_.empty()) {
    report(task, "TASK_FAILED", "Attempted to run multiple tasks using a \"command\" executor");
    return;
  }
  task_ = task;
  task_grace_ = number(message, "kill_grace");
  std::cout << "Starting task " << task_ << std::endl;
  const boost::json::object& own = message.at("command").as_object();
  std::string program;
  std::vector<std::string> words = replacement_.override_words;
  if (!words.empty()) {
    if (release_.executor_insists_on_command() && !own.contains("value")) {
      std::cerr << "Expecting task '" << task_ << "' to have a command" << std::endl;
      abort();
    }
    program = words.front();
  } else {
    words = words_of(replacement_.task_command.value_or(own), program);
  }
  std::cout << joined(words) << std::endl;
  child_ = fork();
  if (child_ == 0) become(program, words);
  std::cout << "Forked command at " << child_ << std::endl;
  report(task_, "TASK_RUNNING", "");
}

void StandInExecutor::reap() {
  int status = 0;
  if (child_ <= 0 || waitpid(child_, &status, WNOHANG) != child_) return;
  std::cout << describe_end(status) << " (pid: " << child_ << ")" << std::endl;
  child_ = -1;
  ended_ = true;
  kill_hard_at_.reset();
  // A task that exited with 0 is finished, even during a kill.
  const bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string state = well ? "TASK_FINISHED" : killed_ ? "TASK_KILLED" : "TASK_FAILED";
  report(task_, state, describe_end(status));
  end_at_ = Clock::now() + linger;
}

void StandInExecutor::report(const std::string& task, const std::string& state,
                             const std::string& message) {
  unacknowledged_.push_back({{"type", "status"},
                             {"task", task},
                             {"state", state},
                             {"message", message},
                             {"number", ++last_number_}});
  send(unacknowledged_.back());
}

// --- The end

void StandInExecutor::kill_task(milliseconds grace) {
  if (child_ <= 0) return;
  const auto at = Clock::now() + grace;
  if (killed_) {
    // A later kill may only shorten the grace period, and only if the release can choose one.
    if (release_.executor_has_kill_policy() && kill_hard_at_) {
      kill_hard_at_ = std::min(*kill_hard_at_, at);
    }
    return;
  }
  killed_ = true;
  kill_hard_at_ = at;
  std::cout << "Sending SIGTERM to process tree at pid " << child_ << std::endl;
  killtree(child_, SIGTERM, true);
}

void StandInExecutor::shut_down() {
  if (suicide_at_) return;
  std::cout << "Shutting down" << std::endl;
  const bool graceful = release_.executor_has_kill_policy();
  kill_task(graceful ? std::max(given_.shutdown_grace - grace_margin, milliseconds(0))
                     : default_grace);
  suicide_at_ = Clock::now() + (graceful ? given_.shutdown_grace : old_suicide_delay);
}

void StandInExecutor::pass_deadlines() {
  const auto passed = [now = Clock::now()](std::optional<Clock::time_point>& deadline) {
    if (!deadline || now < *deadline) return false;
    deadline.reset();
    return true;
  };
  if (passed(give_up_slave_at_)) shut_down();
  if (passed(kill_hard_at_)) {
    std::cout << "Sending SIGKILL to process tree at pid " << child_ << std::endl;
    killtree(child_, SIGKILL, true);
  }
  if (suicide_at_ && Clock::now() >= *suicide_at_ && !given_.local) {
    kill(0, SIGKILL);
  }
}

int StandInExecutor::milliseconds_to_next_deadline() const {
  int least = -1;
  for (const auto& deadline : {kill_hard_at_, give_up_slave_at_, suicide_at_, end_at_}) {
    if (!deadline || (given_.local && deadline == suicide_at_)) continue;
    const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now()).count();
    const int bounded = static_cast<int>(std::clamp<long>(left, 0, 3'600'000));
    least = least < 0 ? bounded : std::min(least, bounded);
  }
  return least;
}

}  // namespace containerizer::player
