// bench FIGURE…: measures the figures and prints a table. Exit status 0: all are within their
// limits. 1: one exceeds its limit. 2: one could not be measured. bench/run prepares the
// environment.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iterator>

#include "bench/figures.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

struct Measurement {
  const char* name;
  std::vector<Figure> (*measure)();
};

constexpr Measurement measurements[] = {
    {"launch", launch},         {"running", running}, {"usage", usage},
    {"containers", containers}, {"memory", memory},   {"start", start},
    {"commits", commits},       {"crowd", crowd},     {"translation", translation},
    {"output", output},         {"recover", recover}, {"scopes", scopes},
};

bool measure(const char* name) {
  const auto* const found =
      std::find_if(std::begin(measurements), std::end(measurements),
                   [&](const auto& one) { return std::string(one.name) == name; });
  if (found == std::end(measurements)) throw std::runtime_error("unknown figure");
  bool passed = true;
  for (const auto& figure : found->measure()) passed = print(name, figure) && passed;
  return passed;
}

int measure_all(int count, char** names) {
  print_heading();
  int status = 0;
  for (int i = 0; i < count; ++i) {
    try {
      if (!measure(names[i])) status = std::max(status, 1);
    } catch (const std::exception& error) {
      std::fputs(formatted("bench: {}: {}\n", names[i], error.what()).c_str(), stderr);
      status = 2;
    }
  }
  return status;
}

}  // namespace
}  // namespace containerizer::bench

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  return containerizer::bench::measure_all(count - 1, words + 1);
}
