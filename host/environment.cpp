#include "host/environment.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace containerizer {
namespace {

void add(Environment& environment, std::string_view entry) {
  const auto equals = entry.find('=');
  if (equals == entry.npos) return;
  environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
}

}  // namespace

Environment own_environment() {
  Environment all;
  for (char** entry = ::environ; *entry != nullptr; ++entry) add(all, *entry);
  return all;
}

std::string value_or(const Environment& environment, const std::string& name,
                     const std::string& fallback) {
  const auto found = environment.find(name);
  return found == environment.end() ? fallback : found->second;
}

std::string pack_environment(const Environment& environment) {
  std::string packed;
  for (const auto& entry : as_strings(environment)) (packed += entry) += '\0';
  return packed;
}

Environment unpack_environment(const std::string& packed) {
  Environment environment;
  std::string_view rest = packed;
  while (!rest.empty()) {
    const auto entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    add(environment, entry);
  }
  return environment;
}

std::vector<std::string> as_strings(const Environment& environment) {
  std::vector<std::string> strings;
  strings.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    strings.push_back(std::string(name).append("=").append(value));
  }
  return strings;
}

}  // namespace containerizer
