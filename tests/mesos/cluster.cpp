#include "tests/mesos/cluster.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tests/integration/daemon.h"

namespace containerizer::real_mesos {

using integration::eventually;
using integration::lines_of;
using integration::read_file;

namespace {

const char* const default_image = "busybox:test";

// Runs bin/lib/find-mesos, without the functions that are only for a running test case.
Installation examine(const std::string& prefix) {
  ::setenv("PREFIX", prefix.c_str(), 1);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
      ::popen("exec '" SOURCE_DIR "/bin/lib/find-mesos' \"$PREFIX\" 2>&1", "r"), ::pclose);
  ::unsetenv("PREFIX");
  std::string line;
  for (int next = std::fgetc(pipe.get()); next > 0 && next != '\n'; next = std::fgetc(pipe.get())) {
    line += static_cast<char>(next);
  }
  // "VERSION PATH", or the reason why it is not usable.
  const auto space = line.find(' ');
  const auto version = player::parse_version(line.substr(0, space));
  if (!version) throw std::runtime_error(line);
  return {*version, line.substr(space + 1)};
}

// What a shell needs to start a program with its output in a file.
std::vector<std::string> into_file(const fs::path& log, const fs::path& program,
                                   const Flags& flags) {
  std::vector<std::string> words{"/bin/sh", "-c", R"(log=$1; shift; exec "$@" >> "$log" 2>&1)",
                                 "sh",      log,  program};
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

Flags master_flags(const integration::WorkDirectory& place, int port) {
  return {"--ip=127.0.0.1", "--hostname=127.0.0.1", "--port=" + std::to_string(port),
          "--work_dir=" + (place.scratch() / "master").string(), "--registry=in_memory",
          // How long an offer takes to come.
          "--allocation_interval=50ms"};
}

mesos::Resource* new_resource(mesos::TaskInfo& task, const std::string& name) {
  auto* resource = task.add_resources();
  resource->set_name(name);
  return resource;
}

std::string docker_url(const std::string& image) { return "docker:///" + image; }

}  // namespace

Installation Installation::under_test() {
  const char* prefix = std::getenv("TEST_MESOS");
  if (prefix == nullptr) throw std::runtime_error("TEST_MESOS must be the prefix of a Mesos");
  return examine(prefix);
}

std::optional<Installation> Installation::newer() {
  const char* prefix = std::getenv("TEST_MESOS_NEWER");
  return prefix == nullptr ? std::nullopt : std::optional(examine(prefix));
}

bool Installation::knows(const std::string& program, const std::string& flag) const {
  const auto help = integration::run({prefix / "sbin" / program, "--help"});
  const auto text = help.out + help.err;
  return text.find("--" + flag) != std::string::npos ||
         text.find("--[no-]" + flag) != std::string::npos;
}

Server::Server(const fs::path& program, const Flags& flags, const fs::path& log,
               const integration::Variables& variables)
    : log_(log),
      log_began_(read_file(log).size()),
      process_(into_file(log, program, flags), variables) {}

std::string Server::log() const { return read_file(log_).substr(log_began_); }

std::string Server::last_words() const {
  const auto lines = lines_of(log());
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    for (const char* sign : {"ailed", "rror", "EXIT"}) {
      if (line->find(sign) != std::string::npos) return *line;
    }
  }
  return lines.empty() ? "(it has logged nothing)" : lines.back();
}

void Server::await_log(const std::string& text) {
  eventually("it logs: " + text, [&] {
    if (log().find(text) != std::string::npos) return true;
    process_.pump(deadline_in(Duration::zero()));
    if (process_.ended()) {
      FAIL("exited with status " << *process_.ended() << " at once: " << last_words());
    }
    return false;
  });
}

int Server::await_end() {
  REQUIRE(process_.await_end());
  return *process_.ended();
}

std::optional<boost::json::value> get(int port, const std::string& path) {
  namespace http = boost::beast::http;
  boost::asio::io_context loop;
  boost::asio::ip::tcp::socket socket(loop);
  boost::system::error_code error;
  socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)},
                 error);
  if (error) return std::nullopt;
  http::request<http::string_body> request(http::verb::get, path, 11);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::connection, "close");
  http::write(socket, request, error);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> response;
  response.body_limit(boost::none);
  if (!error) http::read(socket, buffer, response, error);
  if (error || response.get().result() != http::status::ok) return std::nullopt;
  auto value = boost::json::parse(response.get().body(), error);
  return error ? boost::json::value() : value;
}

Cluster::Cluster(const Installation& mesos)
    : mesos_(mesos),
      master_port_(integration::free_port()),
      slave_port_(integration::free_port()),
      master_(mesos.prefix / "sbin/mesos-master", master_flags(place_, master_port_),
              place_.scratch() / "master.log", {}) {
  master_.await_log("Elected as the leading master");
}

Cluster::~Cluster() {
  slave_.reset();
  if (const char* logs = std::getenv("TEST_MESOS_LOGS")) {
    integration::run({"cp", "-a", place_.scratch(), logs});
  }
}

void Cluster::launch_slave() {
  Flags flags{"--master=" + master(),
              "--ip=127.0.0.1",
              "--hostname=127.0.0.1",
              "--port=" + std::to_string(slave_port_),
              "--work_dir=" + place_.path().string(),
              "--launcher_dir=" + mesos_.helpers().string(),
              "--resources=cpus:16;mem:8192;disk:10000;ports:[31000-31999]",
              "--containerizer_path=" + integration::program(),
              "--default_container_image=" + docker_url(default_image),
              "--registration_backoff_factor=10ms"};
  flags.emplace_back(mesos_.knows("mesos-slave", "containerizers=") ? "--containerizers=external"
                                                                    : "--isolation=external");
  if (mesos_.knows("mesos-slave", "systemd_enable_support")) {
    flags.emplace_back("--no-systemd_enable_support");
  }
  flags.insert(flags.end(), slave_flags_.begin(), slave_flags_.end());
  // The slave itself tells the program where it works.
  auto variables = place_.variables();
  variables.erase("MESOS_WORK_DIRECTORY");
  slave_ = std::make_unique<Server>(mesos_.prefix / "sbin/mesos-slave", flags,
                                    place_.scratch() / "slave.log", variables);
}

void Cluster::start_slave() {
  launch_slave();
  // "Registered" or "Re-registered".
  slave_->await_log("egistered with master");
}

void Cluster::kill_slave() { slave_.reset(); }

boost::json::value Cluster::ask_slave(const std::string& path) {
  std::optional<boost::json::value> reply;
  eventually("GET " + path, [&] { return (reply = get(slave_port_, path)).has_value(); });
  return *reply;
}

std::string Cluster::container_of(const std::string& executor) {
  std::string found;
  eventually("the launch of " + executor + " is recorded", [&] {
    const auto rows = boost::json::parse(place_.ask({"ps", "--all", "--json"}));
    for (const auto& row : rows.at("containers").as_array()) {
      if (row.at("executor_id").as_string() == executor) {
        found = row.at("container_id").as_string().c_str();
      }
    }
    return !found.empty();
  });
  return found;
}

fs::path Cluster::sandbox_of(const std::string& executor) {
  return place_.show(container_of(executor)).at("directory").as_string().c_str();
}

void Cluster::await_gone(const std::string& container) { place_.await_state(container, "Gone"); }

std::string Cluster::docker_id(const std::string& container) {
  return integration::docker(
      {"ps", "-aq", "--no-trunc", "--filter", "label=docker-containerizer.container=" + container});
}

mesos::TaskInfo Cluster::task(const std::string& name, const std::string& script) const {
  mesos::TaskInfo task;
  task.set_name(name);
  task.mutable_task_id()->set_value(name);
  task.mutable_command()->set_value(script);
  set_image(task, default_image);
  add_resource(task, "cpus", 0.1);
  add_resource(task, "mem", 64);
  return task;
}

void Cluster::set_image(mesos::TaskInfo& task, const std::string& image) const {
  auto& command =
      task.has_executor() ? *task.mutable_executor()->mutable_command() : *task.mutable_command();
  if (!mesos_.since(0, 20)) {
    command.mutable_container()->set_image(docker_url(image));
    return;
  }
  auto& container = task.has_executor() ? *task.mutable_executor()->mutable_container()
                                        : *task.mutable_container();
  container.set_type(mesos::ContainerInfo::DOCKER);
  container.mutable_docker()->set_image(image);
}

mesos::TaskInfo Cluster::custom_task(const std::string& name, const std::string& executor,
                                     const std::string& script) const {
  mesos::TaskInfo task;
  task.set_name(name);
  task.mutable_task_id()->set_value(name);
  task.set_data(script);
  auto& info = *task.mutable_executor();
  info.mutable_executor_id()->set_value(executor);
  auto& uri = *info.mutable_command()->add_uris();
  const auto program = fs::read_symlink("/proc/self/exe").parent_path() / "test-executor";
  uri.set_value(program);
  uri.set_executable(true);
  info.mutable_command()->set_value("$MESOS_SANDBOX/test-executor");
  set_image(task, default_image);
  add_resource(task, "cpus", 0.1);
  add_resource(task, "mem", 64);
  for (const auto& [resource, amount] : {std::pair{"cpus", 0.1}, std::pair{"mem", 32.0}}) {
    auto& one = *info.add_resources();
    one.set_name(resource);
    one.set_type(mesos::Value::SCALAR);
    one.mutable_scalar()->set_value(amount);
  }
  return task;
}

void add_resource(mesos::TaskInfo& task, const std::string& name, double amount) {
  auto& resource = *new_resource(task, name);
  resource.set_type(mesos::Value::SCALAR);
  resource.mutable_scalar()->set_value(amount);
}

void set_variable(mesos::CommandInfo& command, const std::string& name, const std::string& value) {
  auto& variable = *command.mutable_environment()->add_variables();
  variable.set_name(name);
  variable.set_value(value);
}

}  // namespace containerizer::real_mesos
