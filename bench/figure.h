// Figures: what was measured, against what, within which limit; and the table of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace containerizer::bench {

// Many measurements of one thing: the middle, and the two values between which half of them lie.
struct Spread {
  double low = 0;
  double middle = 0;
  double high = 0;
};

// REQUIRES: not empty. The middle is the median, or the average.
Spread median_of(std::vector<double> samples);
Spread average_of(const std::vector<double>& samples);

struct Figure {
  std::string what;
  std::string unit;
  Spread ours;
  std::optional<Spread> beside;  // what it is compared with
  std::optional<Spread> ratio;   // the medians', and the spread among neighbours in time
  std::optional<double> limit;   // of the ratio, or, where there is none, of ours
};

// Measures by turns, A B, B A, A B, …, so that whatever else the machine does meets both alike. The
// first pair is not counted.
struct Pairs {
  std::vector<double> ours;
  std::vector<double> beside;
};
Pairs measure_by_turns(int rounds, const std::function<double()>& ours,
                       const std::function<double()>& beside);

Figure compare(const std::string& what, const std::string& unit, const Pairs& pairs,
               std::optional<double> limit);

void print_heading();
// Prints a line and returns false when the limit is exceeded. `name` is the word that measures it.
bool print(const std::string& name, const Figure& figure);

}  // namespace containerizer::bench
