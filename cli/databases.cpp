#include "cli/databases.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "engine/config/state_directory.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;

// What a person would call the slave: the file's name, unless that is the usual one; then the
// directory's.
std::string name_of(const std::string& file) {
  fs::path path(file);
  if (path.filename() != "state.db") return path.stem();
  const auto directory = fs::absolute(path).parent_path();
  return directory.filename() == "docker-containerizer" ? directory.parent_path().filename()
                                                        : directory.filename();
}

Result<std::vector<NamedDatabase>> own_database(const Invocation& invocation) {
  const auto directory = invocation.settings.state_directory();
  auto safe = check_state_directory(directory);
  if (!safe.ok()) return safe.failure();
  NamedDatabase own;
  own.name = invocation.settings.work_directory;
  own.settings.path = directory + "/state.db";
  own.settings.read_only = true;
  if (::access(own.settings.path.c_str(), F_OK) != 0) {
    return Failure{Fault::refused,
                   formatted("the state database {} does not exist; set MESOS_WORK_DIRECTORY to"
                             " the slave's --work_dir, or name a database",
                             own.settings.path)};
  }
  return std::vector<NamedDatabase>{own};
}

}  // namespace

std::unique_ptr<store::Database> NamedDatabase::open() const {
  return std::make_unique<store::Database>(settings);
}

Result<std::vector<NamedDatabase>> find_databases(const Invocation& invocation,
                                                  const std::vector<std::string>& files) {
  if (files.empty()) return own_database(invocation);
  std::vector<NamedDatabase> all;
  std::map<std::string, int> uses;
  for (const auto& file : files) {
    if (::access(file.c_str(), R_OK) != 0) {
      return Failure{Fault::refused,
                     formatted("cannot read {}: {}", one_line(file), std::strerror(errno))};
    }
    NamedDatabase one;
    one.name = name_of(file);
    if (++uses[one.name] > 1) one.name = file;
    one.settings.path = file;
    one.settings.is_copy = true;
    all.push_back(one);
  }
  return all;
}

}  // namespace containerizer
