#include "tests/simulation/explorer.h"

#include <stdexcept>

#include "host/format.h"
#include "tests/simulation/hash.h"

namespace containerizer::simulation {
namespace {

constexpr const char* question_names[] = {"order", "switch", "death", "call", "stream", "event"};

}  // namespace

bool Explorer::begin(std::function<std::uint64_t()> fingerprint) {
  fingerprint_ = std::move(fingerprint);
  left_ = budget_;
  depth_ = 0;
  faults_are_over_ = false;
  return true;
}

std::size_t Explorer::choose(Question question, std::size_t options) {
  if (faults_are_over_) return 0;
  int* budget = budget_of(question);
  const bool is_open = budget == nullptr || *budget > 0;
  if (depth_ == points_.size()) {
    look(question, options);
    if (is_open) points_.push_back({question, options, 0});
  }
  if (!is_open) return 0;
  const auto& point = points_[depth_++];
  if (point.question != question || point.options != options) {
    throw std::logic_error("the same choices do not lead to the same world");
  }
  if (budget != nullptr && point.chosen != 0) --*budget;
  return point.chosen;
}

int* Explorer::budget_of(Question question) {
  switch (question) {
    case Question::order:
      break;
    case Question::switch_:
    case Question::event:
      return &left_.switches;
    case Question::death:
      return &left_.deaths;
    case Question::call:
    case Question::stream:
      return &left_.mishaps;
  }
  return nullptr;
}

void Explorer::look(Question question, std::size_t options) {
  Hash state(fingerprint_());
  state.add(static_cast<int>(question)).add(options);
  // The same state was seen with at least this budget left, so its continuations were all explored.
  auto& before = seen_[state.value()];
  for (const auto& left : before) {
    if (left.covers(left_)) throw Known();
  }
  before.push_back(left_);
}

bool Explorer::next() {
  while (!points_.empty() && points_.back().chosen + 1 == points_.back().options) {
    points_.pop_back();
  }
  if (points_.empty()) return false;
  ++points_.back().chosen;
  return true;
}

std::string Explorer::path() const {
  std::string text;
  for (std::size_t i = 0; i < depth_; ++i) {
    const auto& point = points_[i];
    if (point.chosen == 0) continue;
    text += formatted("{} at choice {}: {} of {}; ",
                      question_names[static_cast<std::size_t>(point.question)], i, point.chosen,
                      point.options);
  }
  return text;
}

}  // namespace containerizer::simulation
