// What the tests of the store under fire have in common: a story of steps that use every function
// of the store that writes, and what the database must hold after each of them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/store.h"

namespace containerizer::store {

// What a step promises once it has returned.
enum class Promise {
  nothing,  // it writes nothing
  process,  // survives the end of the process
  disk,     // survives the end of the host
};

struct Step {
  const char* name;
  Promise promise;
  std::function<void(Store&)> take;
  bool closes = false;  // the store rests afterwards
};

DatabaseSettings settings_in(const std::string& directory);

Container new_container(const std::string& id);

// The same at each call. `directory` is where the database of the store lies.
std::vector<Step> story_of(const std::string& directory);

// All rows of all tables, but for times and for what differs between two runs.
std::string contents(const Database& database);

// Where the story stands before a step: what the database holds, and its files.
struct Chapter {
  std::string contents;
  std::string main;
  std::string log;
};

// Before the first step and after each: one more than there are steps.
const std::vector<Chapter>& chapters();

// Makes the files in `directory` those of a chapter, as a killed process would have left them.
void turn_to(const Chapter& chapter, const std::string& directory);

// Complaints about the file itself, and about histories that do not lead to their container's state
// by rows of the daemon's table. Empty when all is well.
std::string complaints_about(const Database& database);

}  // namespace containerizer::store
