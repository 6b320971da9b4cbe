// The switch of the mutations. bin/mutate includes it in the files that the patches change; the
// product never does.
#pragma once

#include <cstdlib>

// Whether this process has the mutation of this number: the variable MUTATION is this number.
inline bool mutated(int number) {
  static const int chosen = [] {
    const char* text = std::getenv("MUTATION");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  return number == chosen;
}
