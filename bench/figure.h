// Figures: a measurement, its baseline and its limit; and the table of all figures.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace containerizer::bench {

// Many measurements of one figure: the middle, and the interquartile range.
struct Spread {
  double low = 0;
  double middle = 0;
  double high = 0;
};

// The middle is the median, or the average. REQUIRES: there are samples.
Spread median_of(std::vector<double> samples);
Spread average_of(const std::vector<double>& samples);

struct Figure {
  std::string what;
  std::string unit;
  Spread ours;
  std::optional<Spread> beside;  // the baseline
  std::optional<Spread> ratio;   // of the medians; its range is that of neighbouring rounds
  std::optional<double> limit;   // for the ratio; without a ratio, for our value
};

// Measures in turns (A B, B A, A B, …), so other load on the machine affects both equally. The
// first pair is discarded.
struct Pairs {
  std::vector<double> ours;
  std::vector<double> beside;
};
Pairs measure_by_turns(int rounds, const std::function<double()>& ours,
                       const std::function<double()>& beside);

Figure compare(const std::string& what, const std::string& unit, const Pairs& pairs,
               std::optional<double> limit);

void print_heading();
// Prints a line. Returns false if the limit is exceeded. `name` is the argument that measures it.
bool print(const std::string& name, const Figure& figure);

}  // namespace containerizer::bench
