// machine-judge LOG…: whether machines that lost their power kept the promises. A LOG is what one
// machine has said over all its boots. Exit status 0: nothing was lost.
#include <fstream>
#include <iostream>

#include "tests/machine/story.h"

namespace {

using Counts = std::map<std::string, int>;

void add(Counts& all, const Counts& some) {
  for (const auto& [name, count] : some) all[name] += count;
}

void print(const std::string& title, const Counts& counts) {
  std::cout << title;
  for (const auto& [name, count] : counts)
    std::cout << ' ' << (name.empty() ? "-" : name) << '=' << count;
  std::cout << '\n';
}

}  // namespace

int main(int count, char** arguments) {
  int restarts = 0, broken = 0, acknowledged = 0;
  Counts states, endings;
  for (int i = 1; i < count; ++i) {
    std::ifstream log(arguments[i], std::ios::binary);
    if (!log) {
      std::cerr << "machine-judge: cannot read " << arguments[i] << '\n';
      return 2;
    }
    containerizer::machine::Story story(std::cout);
    for (std::string line; std::getline(log, line);) story.read(line);
    restarts += story.restarts();
    broken += story.broken();
    acknowledged += story.acknowledged();
    add(states, story.states());
    add(endings, story.endings());
  }
  print("states at the restarts:", states);
  print("ends after them:", endings);
  std::cout << restarts << " restarts, " << acknowledged << " launches acknowledged, " << broken
            << " lost\n";
  return broken > 0 ? 1 : 0;
}
