#include "engine/translation/network_plan.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace containerizer;
namespace json = boost::json;
using mesos::ContainerInfo;

namespace {

ContainerInfo in(ContainerInfo::Type type, const std::vector<std::string>& networks) {
  ContainerInfo container;
  container.set_type(type);
  if (type == ContainerInfo::DOCKER) {
    container.mutable_docker()->set_network(ContainerInfo::DockerInfo::USER);
  }
  for (const auto& name : networks) container.add_network_infos()->set_name(name);
  return container;
}

// The network, or the failure's message.
std::string network_of(const ContainerInfo& container) {
  const auto chosen = choose_network(container, {}, {});
  return chosen.ok() ? chosen.value() : chosen.failure().text;
}

// The settings for the network "blue", or the failure's message.
std::string request_of(const ContainerInfo& container) {
  json::object body;
  const auto planned = plan_addresses(container, "blue", body);
  return planned.ok() ? json::serialize(body) : planned.failure().text;
}

}  // namespace

TEST_CASE("the network of network_infos is Docker's network of that name") {
  for (const auto type : {ContainerInfo::DOCKER, ContainerInfo::MESOS}) {
    CHECK(network_of(in(type, {"blue"})) == "blue");
    CHECK_THAT(network_of(in(type, {"blue", "green"})), Catch::StartsWith("network_infos: "));
  }
  CHECK(network_of(in(ContainerInfo::MESOS, {})) == "host");
  CHECK(network_of(in(ContainerInfo::MESOS, {""})) == "host");
  auto on_host = in(ContainerInfo::DOCKER, {"blue"});
  on_host.mutable_docker()->clear_network();
  CHECK_THAT(network_of(on_host), Catch::Contains("USER"));
}

TEST_CASE("flags select the network, and the operator's flags override the task's") {
  const auto container = in(ContainerInfo::DOCKER, {"blue"});
  CHECK(choose_network(container, {}, {{"network", "green"}}).value() == "green");
  CHECK(choose_network(container, {{"network", "red"}}, {{"network", "green"}}).value() == "red");
}

TEST_CASE("addresses are only set in a user-defined network") {
  auto container = in(ContainerInfo::DOCKER, {"blue"});
  CHECK(request_of(container) == "{}");
  auto& info = *container.mutable_network_infos(0);
  info.add_ip_addresses()->set_protocol(1);
  CHECK(request_of(container) == "{}");
  info.add_ip_addresses()->set_ip_address("10.0.0.2");
  info.add_ip_addresses()->set_ip_address("fd00::2");
  CHECK(json::parse(request_of(container)) == json::parse(R"({"NetworkingConfig": {
    "EndpointsConfig": {"blue": {"IPAMConfig": {"IPv4Address": "10.0.0.2",
                                                "IPv6Address": "fd00::2"}}}}})"));
  info.set_name("green");
  CHECK_THAT(request_of(container), Catch::Contains("on a USER network"));
}

TEST_CASE("settings that no network of Docker has are refused") {
  const auto refused = [](const std::function<void(mesos::NetworkInfo&)>& change) {
    auto container = in(ContainerInfo::DOCKER, {"blue"});
    change(*container.mutable_network_infos(0));
    return request_of(container);
  };
  using Info = mesos::NetworkInfo;
  CHECK_THAT(refused([](Info& i) { i.add_groups("a"); }), Catch::Contains("groups"));
  CHECK_THAT(refused([](Info& i) { i.mutable_labels()->add_labels(); }), Catch::Contains("labels"));
  CHECK_THAT(refused([](Info& i) { i.set_protocol(2); }), Catch::Contains("IPv6"));
  CHECK_THAT(refused([](Info& i) {
               i.set_protocol(2);
               i.set_ip_address("10.0.0.2");
             }),
             Catch::Contains("protocol"));
  CHECK_THAT(refused([](Info& i) { i.set_ip_address("10.0.0.300"); }),
             Catch::Contains("not an IP address"));
  CHECK_THAT(refused([](Info& i) {
               i.set_ip_address("10.0.0.2");
               i.add_ip_addresses()->set_ip_address("10.0.0.3");
             }),
             Catch::Contains("one address of each kind"));
}
