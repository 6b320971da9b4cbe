#include "engine/translation/resources.h"

#include <catch2/catch.hpp>

using namespace containerizer;

namespace {

using List = google::protobuf::RepeatedPtrField<mesos::Resource>;

void add_scalar(List& list, const std::string& name, double value) {
  mesos::Resource& resource = *list.Add();
  resource.set_name(name);
  resource.mutable_scalar()->set_value(value);
}

void add_ports(List& list, std::uint64_t begin, std::uint64_t end) {
  mesos::Resource& resource = *list.Add();
  resource.set_name("ports");
  auto& range = *resource.mutable_ranges()->add_range();
  range.set_begin(begin);
  range.set_end(end);
}

}  // namespace

TEST_CASE("resources are sums over all entries with the same name") {
  List list;
  CHECK(!sum_resources(list).cpus);
  CHECK(!sum_resources(list).memory);
  add_scalar(list, "cpus", 0.1);
  add_scalar(list, "mem", 32);
  add_scalar(list, "cpus", 0.5);
  add_scalar(list, "mem", 0.5);
  add_scalar(list, "disk", 10);
  add_scalar(list, "bogus", 7);
  add_ports(list, 31010, 31020);
  add_ports(list, 31000, 31001);
  add_ports(list, 31002, 31005);
  add_ports(list, 31015, 31030);
  add_ports(list, 65530, 70000);
  add_ports(list, 70001, 70002);
  add_ports(list, 9, 8);
  const Resources sum = sum_resources(list);
  CHECK(sum.cpus == Approx(0.6));
  CHECK(sum.memory == 34078720u);
  CHECK(sum.ports == decltype(sum.ports){{31000, 31005}, {31010, 31030}, {65530, 65535}});
}

TEST_CASE("limits respect what Mesos and the kernel allow") {
  CHECK(cpu_shares(0) == 2);
  CHECK(cpu_shares(-1) == 2);
  CHECK(cpu_shares(0.001) == 2);
  CHECK(cpu_shares(0.1 + 0.2 + 0.7) == 1024);
  CHECK(cpu_shares(1.5) == 1536);
  CHECK(cpu_shares(1000) == 262144);
  CHECK(memory_limit(0) == 33554432);
  CHECK(memory_limit(33554431) == 33554432);
  CHECK(memory_limit(33554433) == 33554433);
  CHECK(memory_limit(~std::uint64_t{0}) > 0);
}
