// Plays the Mesos slave for a containerizer program. See README.md.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "tests/slave/launch_environment.h"
#include "tests/slave/scenario.h"

namespace containerizer::player {
namespace {

constexpr int aborted = 134;
// Children of real slaves inherit descriptors, for example 251.
constexpr int stray_descriptor = 251;

void leave_a_stray_descriptor() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, stray_descriptor);
  close(null);
}

// Reads the whole file before anything starts: verbs would inherit an open file.
std::string read_scenario(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

int play(const Options& options) {
  const Release release(options.mesos);
  Events events;
  Runtime runtime(options.threads);
  Reaper reaper(runtime, release);
  Invoker invoker(runtime, reaper, release, options.containerizer_path, [&events] {
    events.print("slave-aborted SIGPIPE");
    _exit(aborted);
  });
  const Checkpoint checkpoint(options.work_dir);
  ExecutorLink link(runtime, options.port);
  const Environment own = slave_environment(options, release, link.port());
  const Environment of_verbs = verb_environment(own, options);
  ExternalContainerizer containerizer(runtime, invoker, events, release, of_verbs);
  Slave slave(runtime, containerizer, link, checkpoint, events, options, own);

  std::promise<std::string> ready;
  slave.recover([&ready](const std::string& failure) { ready.set_value(failure); });
  const std::string failure = ready.get_future().get();
  if (!failure.empty()) {
    std::cerr << "slave-player: failed to perform recovery: " << failure << '\n';
    _exit(EXIT_FAILURE);
  }
  if (!options.cleanup) {
    events.print("ready slave_id=" + checkpoint.slave_id() +
                 " port=" + std::to_string(link.port()) + " pid=" + std::to_string(getpid()));
    Scenario scenario(slave, invoker, events, release, of_verbs);
    if (options.scenario) {
      std::istringstream commands(read_scenario(*options.scenario));
      scenario.run(commands);
    } else {
      scenario.run(std::cin);
    }
  }
  // Workers can be blocked forever, and a slave that stops does not stop its executors.
  _exit(events.any_expectation_failed() ? EXIT_FAILURE : EXIT_SUCCESS);
}

}  // namespace
}  // namespace containerizer::player

int main(int count, char** arguments) {
  namespace player = containerizer::player;
  const auto options = player::parse_options(count, arguments);
  if (!options) return EXIT_FAILURE;
  signal(SIGPIPE, SIG_IGN);
  player::leave_a_stray_descriptor();
  try {
    return player::play(*options);
  } catch (const std::exception& error) {
    std::cerr << "slave-player: " << error.what() << '\n';
    _exit(EXIT_FAILURE);
  }
}
