// Launches that were recorded from real slaves, in tests/fixtures.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "containerizer.pb.h"
#include "engine/translation/launch_plan.h"

namespace containerizer {

struct RecordedLaunch {
  mesos::containerizer::Launch launch;
  Environment environment;
};

inline void set(Environment& environment, const std::string& name, const std::string& value) {
  environment[name] = value;
}

// `name` is a path below tests/fixtures without its extension: "mesos-0.19.1/launch-1".
inline RecordedLaunch recorded(const std::string& name) {
  const std::string path = SOURCE_DIR "/tests/fixtures/" + name;
  RecordedLaunch result;

  std::ifstream frame(path + ".frame", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(frame), std::istreambuf_iterator<char>()};
  constexpr std::size_t length_size = 4;
  if (bytes.size() < length_size || !result.launch.ParseFromString(bytes.substr(length_size))) {
    throw std::runtime_error(path + ".frame cannot be read");
  }
  std::ifstream variables(path + ".env");
  for (std::string line; std::getline(variables, line);) {
    const auto equals = line.find('=');
    result.environment[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return result;
}

}  // namespace containerizer
