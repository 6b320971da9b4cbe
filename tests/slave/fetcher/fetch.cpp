#include "tests/slave/fetcher/fetch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <iostream>

namespace containerizer::player {

namespace fs = std::filesystem;

namespace {

enum class Packing { tar, zip, gz };

struct Suffix {
  const char* text;
  Packing packing;
  bool (Release::*known)() const;
};

constexpr std::array suffixes = {
    Suffix{".tgz", Packing::tar, nullptr},
    Suffix{".tar.gz", Packing::tar, nullptr},
    Suffix{".tbz2", Packing::tar, nullptr},
    Suffix{".tar.bz2", Packing::tar, nullptr},
    Suffix{".txz", Packing::tar, nullptr},
    Suffix{".tar.xz", Packing::tar, nullptr},
    Suffix{".zip", Packing::zip, nullptr},
    Suffix{".gz", Packing::gz, &Release::fetcher_unpacks_gz},
    Suffix{".tar", Packing::tar, &Release::fetcher_unpacks_tar},
};

bool unpack(const fs::path& archive, const fs::path& directory, Packing packing, Release release) {
  switch (packing) {
    case Packing::tar:
      return run({"tar", "-C", directory, "-xf", archive});
    case Packing::zip:
      return release.fetcher_unzips_over() ? run({"unzip", "-o", "-d", directory, archive})
                                           : run({"unzip", "-d", directory, archive});
    case Packing::gz:
      return run(
          {"sh", "-c", "gzip -dc \"$1\" > \"$2\"", "sh", archive, directory / archive.stem()});
  }
  return false;
}

// The path on this host. If there is none, returns "" and sets `why`.
std::string local_path(const std::string& uri, const FetchOrder& order, Release release,
                       std::string& why) {
  std::string path = uri;
  if (release.fetcher_knows_file_urls() && path.starts_with("file://")) {
    path.erase(0, std::string("file://").size());
    if (path.starts_with("localhost/")) path.erase(0, std::string("localhost").size());
    if (!path.starts_with("/")) why = "a file URI must have an absolute path";
  } else if (path.find("://") != std::string::npos) {
    why = "this stand-in fetches local files only";
  } else if (!path.starts_with("/")) {
    if (order.frameworks_home.empty()) {
      why = "a relative path was passed, but no frameworks home is known";
    } else {
      path = order.frameworks_home + "/" + path;
    }
  }
  return why.empty() ? path : "";
}

// The path below the directory. If the URI has no file name, returns "" and sets `why`.
std::string target_name(const Item& item, Release release, std::string& why) {
  if (release.fetcher_knows_output_file() && !item.output_file.empty()) {
    if (item.output_file.starts_with("/")) why = "the output file's path is absolute";
    return item.output_file;
  }
  std::string path = item.uri;
  if (const auto scheme = path.find("://"); scheme != std::string::npos) {
    path.erase(0, scheme + 3);
    if (path.find('/') == std::string::npos) why = "the URI has no path";
  }
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.empty()) why = "the URI has no file name";
  return name;
}

std::string fetch_or_why(const Item& item, const FetchOrder& order, Release release) {
  std::string why;
  if (item.uri.find_first_of(std::string("\\'\0", 3)) != std::string::npos) {
    return "it contains an illegal character";
  }
  const std::string name = target_name(item, release, why);
  const std::string source = local_path(item.uri, order, release, why);
  if (!why.empty()) return why;
  const fs::path target = order.directory / name;
  fs::create_directories(target.parent_path());
  if (!run({"cp", source, target})) return "copying failed";
  if (item.executable) {
    if (!run({"chmod", "0755", target})) return "chmod failed";
    return "";
  }
  if (!item.extract) return "";
  for (const Suffix& suffix : suffixes) {
    if (!target.string().ends_with(suffix.text)) continue;
    if (suffix.known != nullptr && !(release.*suffix.known)()) continue;
    return unpack(target, order.directory, suffix.packing, release) ? "" : "extraction failed";
  }
  return "";
}

}  // namespace

bool run(const std::vector<std::string>& words) {
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

std::string fetch(const Item& item, const FetchOrder& order, Release release) {
  std::cerr << "Fetching URI '" << item.uri << "' into '" << order.directory.string() << "'\n";
  const std::string why = fetch_or_why(item, order, release);
  return why.empty() ? "" : "Failed to fetch '" + item.uri + "': " + why;
}

}  // namespace containerizer::player
