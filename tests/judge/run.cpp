#include "tests/judge/run.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <csignal>
#include <cstring>
#include <iostream>
#include <stdexcept>

namespace containerizer::judge {

namespace json = boost::json;

namespace {

constexpr const char* complaint = "complaint: ";
constexpr double calls_of_a_case = 8;  // that may each take the limit

// Runs `action` in a child, and returns what it writes to its descriptor until its end. Empty if it
// takes longer than the limit; all that it has started is then killed.
std::string in_child(const std::function<void(int)>& action, Seconds limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot create a pipe");
  const player::Fd from(ends[0]);
  player::Fd into(ends[1]);
  std::cout.flush();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    action(into.get());
    ::_exit(0);
  }
  into.close();
  std::string said;
  const auto deadline = Clock::now() + limit;
  for (bool open = true; open;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{from.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) {
      said.clear();
      break;
    }
    std::array<char, 65536> buffer{};
    const auto got = ::read(from.get(), buffer.data(), buffer.size());
    open = got > 0;
    if (open) said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (said.empty()) {
    for (const auto& below : descendants(child)) ::kill(below.pid, SIGKILL);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return said;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

json::array to_json(const std::vector<Event>& events) {
  json::array all;
  for (const auto& one : events) {
    all.push_back(json::object{
        {"at", one.at}, {"took", one.took}, {"what", one.what}, {"detail", one.detail}});
  }
  return all;
}

void fail(json::object& result, const std::string& expected, const std::string& seen) {
  result["outcome"] = "failed";
  result["expected"] = expected;
  result["seen"] = seen;
}

// Adds what the case found to `result`.
void play_on(Stage& stage, const Case& one, json::object& result) {
  try {
    one.play(stage);
    stage.conclude();
    result["outcome"] = "passed";
  } catch (const Skipped& skipped) {
    result["outcome"] = "skipped";
    result["seen"] = skipped.reason;
  } catch (const Fault& fault) {
    fail(result, fault.expected, fault.seen);
  } catch (const std::exception& error) {
    fail(result, "the judge can play the case", error.what());
  }
  if (result["outcome"] == "failed") result["tree"] = stage.tree();
}

json::object empty_result(const Case& one) {
  return {{"name", one.name},     {"group", one.group}, {"rule", one.rule},
          {"source", one.source}, {"expected", ""},     {"seen", ""},
          {"seconds", 0.0},       {"tree", ""},         {"events", json::array()}};
}

std::string play_here(const Case& one, const Setting& setting) {
  auto result = empty_result(one);
  const auto begun = Clock::now();
  try {
    Stage stage(setting);
    play_on(stage, one, result);
    result["events"] = to_json(stage.events());
    result["seconds"] = Seconds(Clock::now() - begun).count();
    if (result["outcome"] != "passed") stage.clean();
    std::error_code ignored;
    fs::remove_all(stage.scratch(), ignored);
  } catch (const std::exception& error) {
    if (!result.contains("outcome")) fail(result, "the judge can play the case", error.what());
  }
  return json::serialize(result);
}

// Returns what the daemon has, in lines.
std::string make_images(const fs::path& scratch) {
  Host host;
  host.run("docker version");
  if (host.run("docker images -q " + settings_image).empty()) {
    const auto root = scratch / "image";
    host.run("set -e; mkdir -p " + root.string() + "/bin " + root.string() + "/etc " +
             root.string() + "/root " + root.string() + "/srv; mkdir -m 1777 " + root.string() +
             "/tmp; cp /bin/busybox " + root.string() + "/bin; cd " + root.string() +
             "; for one in $(busybox --list); do [ -e bin/$one ] || ln -s busybox bin/$one; done; "
             "printf 'root:x:0:0:root:/root:/bin/sh\\nnobody:x:65534:65534::/tmp:/bin/sh\\n' > "
             "etc/passwd; printf 'root:x:0:\\nnogroup:x:65534:\\n' > etc/group; "
             "tar --owner=0 --group=0 -cf ../image.tar .");
    const std::string import = "docker import ";
    const auto tar = (scratch / "image.tar ").string();
    const std::string settings =
        " --change 'WORKDIR /srv' --change 'ENV FROM_IMAGE=yes' --change "
        "'USER nobody' --change 'CMD [\"/bin/sh\"]' ";
    host.run(import + " --change 'CMD [\"/bin/sh\"]' " + tar + plain_image);
    host.run(import + " --change 'ENV WHICH=other' --change 'CMD [\"/bin/sh\"]' " + tar +
             other_image);
    host.run(import +
             " --change 'ENTRYPOINT [\"/bin/echo\", \"entry\"]' --change 'CMD "
             "[\"default\"]' " +
             tar + entry_image);
    host.run(import + settings + tar + settings_image);
  }
  std::string lines;
  for (const auto& thing : daemon_things(host)) lines.append(thing).append("\n");
  return lines;
}

}  // namespace

std::set<std::string> prepare(const fs::path& scratch) {
  const auto said = in_child(
      [&](int into) {
        try {
          write_all(into, make_images(scratch));
        } catch (const std::exception& error) {
          write_all(into, std::string(complaint) + error.what());
        }
      },
      Seconds(120));
  if (!said.empty() && !said.starts_with(complaint)) {
    const auto lines = lines_of(said);
    return {lines.begin(), lines.end()};
  }
  throw std::runtime_error(
      "cannot make the images of the cases (this needs docker, a daemon in DOCKER_HOST, tar, and "
      "Debian's busybox-static): " +
      (said.empty() ? "the daemon does not reply" : said.substr(std::strlen(complaint))));
}

json::object play(const Case& one, const Setting& setting) {
  const auto begun = Clock::now();
  const auto limit = calls_of_a_case * setting.limit;
  const auto said = in_child([&](int into) { write_all(into, play_here(one, setting)); }, limit);
  if (!said.empty()) return json::parse(said).as_object();
  auto result = empty_result(one);
  fail(result, "the case ends within " + std::to_string(std::lround(limit.count())) + " s",
       "it does not end");
  result["seconds"] = Seconds(Clock::now() - begun).count();
  return result;
}

}  // namespace containerizer::judge
