#include "tests/slave/resources.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "tests/slave/words.h"

namespace containerizer::player {
namespace {

constexpr double thousandth = 1000.0;

// Mesos compares and prints scalars in thousandths.
double rounded(double value) { return std::round(value * thousandth) / thousandth; }

bool same_ranges(const mesos::Resource& one, const mesos::Resource& other) {
  return one.name() == other.name() &&
         one.ranges().SerializeAsString() == other.ranges().SerializeAsString();
}

}  // namespace

mesos::Resource scalar(const std::string& name, double value) {
  mesos::Resource resource;
  resource.set_name(name);
  resource.set_type(mesos::Value::SCALAR);
  resource.mutable_scalar()->set_value(value);
  resource.set_role("*");
  return resource;
}

mesos::Resource port_ranges(const std::string& text) {
  mesos::Resource resource;
  resource.set_name("ports");
  resource.set_type(mesos::Value::RANGES);
  resource.set_role("*");
  std::istringstream all(text);
  for (std::string one; std::getline(all, one, ',');) {
    const auto [begin, end] = split_at(one, '-');
    auto* range = resource.mutable_ranges()->add_range();
    range->set_begin(std::stoul(begin));
    range->set_end(std::stoul(end.empty() ? begin : end));
  }
  return resource;
}

Resources subtract(const Resources& all, const Resources& part) {
  std::map<std::string, double> sums;
  Resources rest;
  for (const auto& one : part) {
    if (one.has_scalar()) sums[one.name()] -= one.scalar().value();
  }
  for (const auto& one : all) {
    if (one.has_scalar()) {
      sums[one.name()] += one.scalar().value();
    } else if (std::none_of(part.begin(), part.end(),
                            [&](const auto& other) { return same_ranges(one, other); })) {
      *rest.Add() = one;
    }
  }
  for (const auto& [name, value] : sums) {
    if (rounded(value) > 0) *rest.Add() = scalar(name, rounded(value));
  }
  return rest;
}

void append(Resources& all, const Resources& more, bool add_up) {
  for (const auto& one : more) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const auto& other) {
      return add_up && one.has_scalar() && other.has_scalar() && one.name() == other.name() &&
             one.role() == other.role();
    });
    if (same == all.end()) {
      *all.Add() = one;
    } else {
      same->mutable_scalar()->set_value(rounded(same->scalar().value() + one.scalar().value()));
    }
  }
}

}  // namespace containerizer::player
