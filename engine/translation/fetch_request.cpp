#include "engine/translation/fetch_request.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "engine/translation/executor_command.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

namespace json = boost::json;

constexpr std::string_view forbidden("\\'\0", 3);
constexpr std::string_view quote("'\0", 2);

const mesos::CommandInfo::URI* first_with_space(const Uris& uris) {
  const auto found = std::find_if(uris.begin(), uris.end(), [](const auto& uri) {
    return uri.value().find(' ') != std::string::npos;
  });
  return found == uris.end() ? nullptr : &*found;
}

json::object uri_json(const mesos::CommandInfo::URI& uri) {
  json::object result{{"value", uri.value()},
                      {"executable", uri.executable()},
                      {"extract", uri.extract()},
                      {"cache", false}};
  if (uri.has_output_file()) result["output_file"] = uri.output_file();
  return result;
}

// Returns what is wrong with the name of an output file, or "". mesos-fetcher creates the file as
// root, and puts the name into single quotes in shell commands. So a bad name is an attack on the
// host.
std::string_view problem_with(const std::string& output_file) {
  if (output_file.find_first_of(forbidden) != std::string::npos) {
    return "mesos-fetcher does not accept a backslash, a single quote or a NUL in a name";
  }
  if (output_file.starts_with('/')) return "the path must be relative to the sandbox";
  const auto parts = split(output_file, '/');
  const bool leaves = std::find(parts.begin(), parts.end(), "..") != parts.end();
  return leaves ? "the path leads out of the sandbox" : "";
}

// Both forms of FetcherInfo in one: that of 0.22 (command_info, work_directory), and that of 0.23
// and later (items, sandbox_directory). A fetcher ignores fields that it does not know.
std::string fetcher_info(const Uris& uris, const std::string& directory, const std::string& user,
                         const std::string& frameworks_home) {
  json::array plain, items;
  for (const auto& uri : uris) {
    plain.push_back(uri_json(uri));
    items.push_back(json::object{{"uri", uri_json(uri)}, {"action", "BYPASS_CACHE"}});
  }
  json::object info{{"command_info", json::object{{"uris", plain}}},
                    {"work_directory", directory},
                    {"sandbox_directory", directory},
                    {"items", items}};
  if (!user.empty()) info["user"] = user;
  if (!frameworks_home.empty()) info["frameworks_home"] = frameworks_home;
  return json::serialize(info);
}

// The form up to 0.21: URI, "+", executable, extract; separated by spaces.
std::string executor_uris(const Uris& uris) {
  std::string result;
  for (const auto& uri : uris) {
    if (!result.empty()) result += ' ';
    result += uri.value();
    result += uri.executable() ? "+1" : "+0";
    result += uri.extract() ? 'X' : 'N';
  }
  return result;
}

}  // namespace

Status check_uris(const Uris& uris, const std::string& directory) {
  for (const auto& uri : uris) {
    if (uri.value().empty()) return Failure{Fault::refused, "a URI of the task is empty"};
    if (uri.value().find_first_of(forbidden) != std::string::npos) {
      return Failure{Fault::refused, "URI " + in_quotes(without_logins(uri.value())) +
                                         ": mesos-fetcher does not accept a backslash, a single "
                                         "quote or a NUL in a URI"};
    }
    const auto problem = problem_with(uri.output_file());
    if (!problem.empty()) {
      return Failure{Fault::refused, "URI " + in_quotes(without_logins(uri.value())) +
                                         ": output file " + in_quotes(uri.output_file()) + ": " +
                                         std::string(problem)};
    }
  }
  // The sandbox's path contains the executor's ID, which the framework chooses.
  if (!uris.empty() && directory.find_first_of(quote) != std::string::npos) {
    return Failure{Fault::refused,
                   "sandbox " + in_quotes(directory) +
                       ": mesos-fetcher would pass the single quote to a shell; remove it from "
                       "the executor's ID"};
  }
  return Done{};
}

Environment fetcher_environment(const Uris& uris, const std::string& directory,
                                const std::string& user, const Environment& environment) {
  const auto frameworks_home = value_or(environment, "MESOS_FRAMEWORKS_HOME", "");

  Environment result = without_slave_settings(environment);
  result["MESOS_FETCHER_INFO"] = fetcher_info(uris, directory, user, frameworks_home);
  // For mesos-fetcher this is the target directory. For all other programs, a variable with this
  // name is the slave's work directory.
  result["MESOS_WORK_DIRECTORY"] = directory;
  if (first_with_space(uris) == nullptr) result["MESOS_EXECUTOR_URIS"] = executor_uris(uris);
  if (!user.empty()) result["MESOS_USER"] = user;
  if (!frameworks_home.empty()) result["MESOS_FRAMEWORKS_HOME"] = frameworks_home;
  return result;
}

std::string fetch_hint(const Uris& uris) {
  const mesos::CommandInfo::URI* const uri = first_with_space(uris);
  if (uri == nullptr) return "";
  return "; URI " + in_quotes(without_logins(uri->value())) +
         " contains a space, which mesos-fetcher does not support before Mesos 0.22";
}

}  // namespace containerizer
