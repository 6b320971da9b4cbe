#include "tests/slave/fetcher/order.h"

#include <array>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "tests/slave/wire.h"
#include "tests/slave/words.h"

namespace containerizer::player {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string mandatory(const char* name) {
  if (std::getenv(name) == nullptr) {
    throw std::runtime_error(std::string(name) + " is not in the environment");
  }
  return variable(name);
}

bool flag(const Message& uri, const char* name, bool otherwise) {
  const auto* value = uri.if_contains(name);
  return value == nullptr ? otherwise : value->as_bool();
}

Item from_uri(const Message& uri) {
  return {std::string(uri.at("value").as_string()), flag(uri, "executable", false),
          flag(uri, "extract", true), text(uri, "output_file")};
}

// "URI+0X URI+1N": the flags follow the last plus sign.
FetchOrder from_variables() {
  FetchOrder order;
  order.directory = mandatory("MESOS_WORK_DIRECTORY");
  order.user = variable("MESOS_USER");
  order.frameworks_home = variable("MESOS_FRAMEWORKS_HOME");
  std::istringstream tokens(mandatory("MESOS_EXECUTOR_URIS"));
  for (std::string token; tokens >> token;) {
    const auto [uri, flags] = split_at_last(token, '+');
    if (uri.empty() || flags.size() != 2 || (flags[0] != '0' && flags[0] != '1') ||
        (flags[1] != 'X' && flags[1] != 'N')) {
      throw std::runtime_error("MESOS_EXECUTOR_URIS is malformed at '" + token + "'");
    }
    order.items.push_back({uri, flags[0] == '1', flags[1] == 'X', ""});
  }
  return order;
}

Item from_item(const Message& item) {
  const std::string action(item.at("action").as_string());
  if (action != "BYPASS_CACHE" && action != "DOWNLOAD_AND_CACHE" &&
      action != "RETRIEVE_FROM_CACHE") {
    throw std::runtime_error("no action is called " + action);
  }
  return from_uri(item.at("uri").as_object());
}

FetchOrder from_json(Release release) {
  const auto info = from_line(mandatory("MESOS_FETCHER_INFO"));
  if (!info) throw std::runtime_error("MESOS_FETCHER_INFO is no JSON object");
  FetchOrder order;
  order.user = text(*info, "user");
  order.frameworks_home = text(*info, "frameworks_home");
  if (release.fetcher_takes_items()) {
    order.directory = info->at("sandbox_directory").as_string().c_str();
    if (const auto* items = info->if_contains("items"); items != nullptr) {
      for (const auto& item : items->as_array()) order.items.push_back(from_item(item.as_object()));
    }
  } else {
    order.directory = info->at("work_directory").as_string().c_str();
    const Message& command = info->at("command_info").as_object();
    if (const auto* uris = command.if_contains("uris"); uris != nullptr) {
      for (const auto& uri : uris->as_array()) order.items.push_back(from_uri(uri.as_object()));
    }
  }
  return order;
}

}  // namespace

FetchOrder read_order(Release release) {
  return release.fetcher_takes_variables() ? from_variables() : from_json(release);
}

}  // namespace containerizer::player
