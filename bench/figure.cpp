#include "bench/figure.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "host/format.h"

namespace containerizer::bench {
namespace {

// The quantile `part` of the sorted samples.
double quantile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  const double rest = place - static_cast<double>(below);
  return sorted[below] + rest * (sorted[above] - sorted[below]);
}

std::string number(double value) {
  if (value >= 100) return formatted("{:.0f}", value);
  return formatted("{:.{}f}", value, value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

std::string text(const Spread& spread) {
  if (spread.low == spread.high) return number(spread.middle);
  return formatted("{} ({}-{})", number(spread.middle), number(spread.low), number(spread.high));
}

std::string text(const std::optional<Spread>& spread) { return spread ? text(*spread) : "-"; }

void print_line(const std::string& what, const std::string& unit, const std::string& ours,
                const std::string& beside, const std::string& ratio, const std::string& limit,
                const std::string& verdict, const std::string& command) {
  std::puts(formatted("{:<52} {:<5} {:<20} {:<20} {:<20} {:<7} {:<5} {}", what, unit, ours, beside,
                      ratio, limit, verdict, command)
                .c_str());
  std::fflush(stdout);
}

}  // namespace

Spread median_of(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {quantile(samples, 0.25), quantile(samples, 0.5), quantile(samples, 0.75)};
}

Spread average_of(const std::vector<double>& samples) {
  auto spread = median_of(samples);
  spread.middle =
      std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
  return spread;
}

Pairs measure_by_turns(int rounds, const std::function<double()>& ours,
                       const std::function<double()>& beside) {
  ours();
  beside();
  Pairs pairs;
  for (int round = 0; round < rounds; ++round) {
    if (round % 2 == 0) pairs.ours.push_back(ours());
    pairs.beside.push_back(beside());
    if (round % 2 != 0) pairs.ours.push_back(ours());
  }
  return pairs;
}

Figure compare(const std::string& what, const std::string& unit, const Pairs& pairs,
               std::optional<double> limit) {
  std::vector<double> ratios(pairs.ours.size());
  std::transform(pairs.ours.begin(), pairs.ours.end(), pairs.beside.begin(), ratios.begin(),
                 std::divides<>());
  Figure figure{what, unit, median_of(pairs.ours), median_of(pairs.beside), median_of(ratios),
                limit};
  figure.ratio->middle = figure.ours.middle / figure.beside->middle;
  return figure;
}

void print_heading() { print_line("", "", "ours", "beside", "ratio", "limit", "", "alone"); }

bool print(const std::string& name, const Figure& figure) {
  const double judged = figure.ratio ? figure.ratio->middle : figure.ours.middle;
  const bool passed = !figure.limit || judged <= *figure.limit;
  print_line(figure.what, figure.unit, text(figure.ours), text(figure.beside), text(figure.ratio),
             figure.limit ? number(*figure.limit) : "-",
             !figure.limit ? ""
             : passed      ? "pass"
                           : "FAIL",
             "bench/run " + name);
  return passed;
}

}  // namespace containerizer::bench
