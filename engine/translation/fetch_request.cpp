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

const mesos::CommandInfo::URI* first_with_blank(const Uris& uris) {
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

// What is wrong with a name within the sandbox; "" for nothing. The fetcher makes it as root, and
// puts it into command lines of a shell, between single quotes.
std::string_view trouble_with(const std::string& output_file) {
  if (output_file.find_first_of(forbidden) != std::string::npos) {
    return "mesos-fetcher accepts no backslash, single quote or NUL in a name";
  }
  if (output_file.starts_with('/')) return "it must be a path within the sandbox";
  const auto parts = split(output_file, '/');
  const bool leaves = std::find(parts.begin(), parts.end(), "..") != parts.end();
  return leaves ? "it leads out of the sandbox" : "";
}

// FetcherInfo of 0.22 (command_info, work_directory) and of 0.23 on (items, sandbox_directory).
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

// The form up to 0.21: URI, "+", executable, extract; blanks between.
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
                                         ": mesos-fetcher accepts no backslash, single quote or "
                                         "NUL in a URI"};
    }
    const auto trouble = trouble_with(uri.output_file());
    if (!trouble.empty()) {
      return Failure{Fault::refused, "URI " + in_quotes(without_logins(uri.value())) +
                                         ": output file " + in_quotes(uri.output_file()) + ": " +
                                         std::string(trouble)};
    }
  }
  // An executor's id is a part of it.
  if (!uris.empty() && directory.find_first_of(quote) != std::string::npos) {
    return Failure{Fault::refused,
                   "sandbox " + in_quotes(directory) +
                       ": mesos-fetcher would hand the single quote in it to a shell; take it out "
                       "of the executor's id"};
  }
  return Done{};
}

Environment fetcher_environment(const Uris& uris, const std::string& directory,
                                const std::string& user, const Environment& environment) {
  const auto frameworks_home = value_or(environment, "MESOS_FRAMEWORKS_HOME", "");

  Environment result = without_slave_settings(environment);
  result["MESOS_FETCHER_INFO"] = fetcher_info(uris, directory, user, frameworks_home);
  // The same name means the slave's directory everywhere else.
  result["MESOS_WORK_DIRECTORY"] = directory;
  if (first_with_blank(uris) == nullptr) result["MESOS_EXECUTOR_URIS"] = executor_uris(uris);
  if (!user.empty()) result["MESOS_USER"] = user;
  if (!frameworks_home.empty()) result["MESOS_FRAMEWORKS_HOME"] = frameworks_home;
  return result;
}

std::string fetch_hint(const Uris& uris) {
  const mesos::CommandInfo::URI* const uri = first_with_blank(uris);
  if (uri == nullptr) return "";
  return "; URI " + in_quotes(without_logins(uri->value())) +
         " holds a blank, which mesos-fetcher cannot be told before Mesos 0.22";
}

}  // namespace containerizer
