// The figures. Each function measures the figure with its name, and throws std::runtime_error.
#pragma once

#include <vector>

#include "bench/figure.h"

namespace containerizer::bench {

std::vector<Figure> launch();  // launching.cpp
std::vector<Figure> running();
std::vector<Figure> crowd();
std::vector<Figure> translation();  // translation.cpp
std::vector<Figure> usage();        // verbs.cpp
std::vector<Figure> containers();
std::vector<Figure> start();
std::vector<Figure> memory();   // memory.cpp
std::vector<Figure> commits();  // commits.cpp
std::vector<Figure> output();   // output.cpp
std::vector<Figure> recover();  // recovery.cpp
std::vector<Figure> scopes();

}  // namespace containerizer::bench
