// Steps that use every writing function of the store, and the content that the database must have
// after each of them. The tests of the store with failures share them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/store.h"

namespace containerizer::store {

// The durability that a step promises once it has returned.
enum class Promise {
  nothing,  // the step writes nothing
  process,  // survives the death of the process
  disk,     // survives a crash of the host
};

struct Step {
  const char* name;
  Promise promise;
  std::function<void(Store&)> take;
  bool closes = false;  // it closes the store
};

DatabaseSettings settings_in(const std::string& directory);

Container new_container(const std::string& id);

// The steps, the same at each call. `directory` contains the database.
std::vector<Step> scenario_steps(const std::string& directory);

// All rows of all tables, without times and other values that differ between runs.
std::string contents(const Database& database);

// The state between two steps: the content of the database, and its files.
struct Snapshot {
  std::string contents;
  std::string main;
  std::string log;
};

// The states before the first step and after each step.
const std::vector<Snapshot>& snapshots();

// Replaces the files in `directory` by those of a snapshot, as a killed process would leave them.
void restore(const Snapshot& snapshot, const std::string& directory);

// Problems of the file itself, and of histories that do not lead to their container's state through
// transitions of the lifecycle table. Empty if there are none.
std::string complaints_about(const Database& database);

}  // namespace containerizer::store
