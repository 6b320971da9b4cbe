// Launches that are as large as a slave lets them be.
#include "engine/translation/launch_bounds.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>
#include <ctime>

#include "engine/translation/launch_plan.h"

using namespace containerizer;
using mesos::containerizer::Launch;

namespace {

Launch some_launch() {
  Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  auto& command = *launch.mutable_executor_info()->mutable_command();
  command.set_value("true");
  command.mutable_container()->set_image("busybox");
  return launch;
}

mesos::CommandInfo& command_of(Launch& launch) {
  return *launch.mutable_executor_info()->mutable_command();
}

// Of the CPU, because other tests run at the same time.
double seconds_to_plan(const Launch& launch, std::size_t variables) {
  const auto start = std::clock();
  const auto plan = make_launch_plan(launch, {}, {}, "");
  const auto taken = std::clock() - start;
  INFO((plan.ok() ? "" : plan.failure().text));
  REQUIRE(plan.ok());
  CHECK(plan.value().create.at("Env").as_array().size() >= variables);
  return static_cast<double>(taken) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("many variables are translated in linear time") {
  auto launch = some_launch();
  constexpr int many = 60'000;
  // Each name twice, and the first half as an option, too.
  for (int i = 0; i < 2 * many; ++i) {
    auto& variable = *command_of(launch).mutable_environment()->add_variables();
    variable.set_name("V" + std::to_string(i % many));
    variable.set_value(std::to_string(i));
  }
  for (int i = 0; i < 9'000; ++i) {
    command_of(launch).mutable_container()->add_options("-eV" + std::to_string(i) + "=option");
  }
  // Searched one by one, they take minutes here.
  CHECK(seconds_to_plan(launch, many) < 10);
  const auto plan = make_launch_plan(launch, {}, {}, "");
  const auto& variables = plan.value().create.at("Env").as_array();
  CHECK(variables.at(0) == "V0=option");
  CHECK(variables.at(9'000) == "V9000=69000");
}

TEST_CASE("amounts that take long to translate are refused") {
  auto launch = some_launch();
  auto& command = command_of(launch);
  std::string of;
  SECTION("options") {
    of = "many options";
    for (int i = 0; i < 10'001; ++i) command.mutable_container()->add_options("--init");
  }
  SECTION("one long option") {
    of = "bytes of options";
    command.mutable_container()->add_options(std::string((1 << 20) + 1, 'x'));
  }
  SECTION("URIs") {
    of = "URIs";
    while (command.uris_size() <= 1'000) command.add_uris()->set_value("/x");
  }
  SECTION("parts of a ContainerInfo") {
    command.clear_container();
    auto& container = *launch.mutable_executor_info()->mutable_container();
    auto& docker = *container.mutable_docker();
    SECTION("parameters") {
      of = "options";
      while (docker.parameters_size() <= 10'000) docker.add_parameters()->set_key("init");
    }
    SECTION("volumes") {
      of = "volumes";
      while (container.volumes_size() <= 1'000) container.add_volumes();
    }
    SECTION("options of a volume's driver") {
      of = "options";
      auto& volume = *container.add_volumes()->mutable_source()->mutable_docker_volume();
      auto& options = *volume.mutable_driver_options();
      while (options.parameter_size() <= 10'000) options.add_parameter()->set_key("x");
    }
    SECTION("networks") {
      of = "networks";
      while (container.network_infos_size() <= 100) container.add_network_infos();
    }
    SECTION("port mappings") {
      of = "port mappings";
      while (docker.port_mappings_size() <= 65'535) docker.add_port_mappings();
    }
  }
  const auto status = check_bounds(launch);
  REQUIRE(status.failed_with(Fault::refused));
  CHECK_THAT(status.failure().text, Catch::Contains(of) && Catch::Contains("at most"));
  CHECK(make_launch_plan(launch, {}, {}, "").failed_with(Fault::refused));
  // There is one too many, and that stays.
  cut_to_bounds(launch);
  CHECK(check_bounds(launch).failed_with(Fault::refused));
}

TEST_CASE("a launch of many megabytes is cut to what is enough to refuse it") {
  auto launch = some_launch();
  auto& command = command_of(launch);
  auto& container = *launch.mutable_executor_info()->mutable_container();
  const std::string text(500, 'x');
  std::string of;
  SECTION("options") {
    of = "many options";
    while (command.container().options_size() < 100'000)
      command.mutable_container()->add_options(text);
  }
  SECTION("one long option") {
    of = "bytes of options";
    command.mutable_container()->add_options(std::string(30 << 20, 'x'));
  }
  SECTION("long options") {
    of = "bytes of options";
    while (command.container().options_size() < 10'000)
      command.mutable_container()->add_options(text + text);
  }
  SECTION("parameters") {
    of = "many options";
    auto& docker = *container.mutable_docker();
    while (docker.parameters_size() < 100'000) docker.add_parameters()->set_value(text);
  }
  SECTION("volumes with options") {
    of = "many options";
    while (container.volumes_size() < 1'000) {
      auto& volume = *container.add_volumes()->mutable_source()->mutable_docker_volume();
      auto& options = *volume.mutable_driver_options();
      while (options.parameter_size() < 100) options.add_parameter()->set_value(text);
    }
  }
  SECTION("volumes") {
    of = "volumes";
    while (container.volumes_size() < 100'000) container.add_volumes()->set_container_path(text);
  }
  SECTION("URIs") {
    of = "URIs";
    while (command.uris_size() < 100'000) command.add_uris()->set_value(text);
  }
  const auto refusal = check_bounds(launch).failure().text;
  CHECK_THAT(refusal, Catch::Contains(of));
  cut_to_bounds(launch);
  CHECK(launch.SerializePartialAsString().size() < 2 << 20);
  CHECK(check_bounds(launch).failed_with(Fault::refused));
  const auto cut = launch.SerializePartialAsString();
  cut_to_bounds(launch);
  CHECK(launch.SerializePartialAsString() == cut);
}

TEST_CASE("a launch within the bounds is not cut") {
  auto launch = some_launch();
  REQUIRE(check_bounds(launch).ok());
  const auto before = launch.SerializeAsString();
  cut_to_bounds(launch);
  CHECK(launch.SerializeAsString() == before);
}
