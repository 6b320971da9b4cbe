#include "engine/translation/image_name.h"

#include <algorithm>
#include <string_view>

#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

constexpr std::string_view any_scheme = "docker://";
constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_tag = 128;
constexpr std::size_t shortest_digest = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }
bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool is_separator(std::string_view run) {
  if (!all(run, [&](char c) { return c == run.front(); })) return false;
  return run == "." || run == "_" || run == "__" || run.front() == '-';
}

bool is_path_component(std::string_view text) {
  const auto is_plain = [](char c) { return is_digit(c) || is_lower(c); };
  while (true) {
    const auto word_end = std::find_if_not(text.begin(), text.end(), is_plain);
    if (word_end == text.begin()) return false;
    if (word_end == text.end()) return true;
    const auto separator_end = std::find_if(word_end, text.end(), is_plain);
    if (!is_separator({word_end, separator_end})) return false;
    text = {separator_end, text.end()};
  }
}

bool is_host_label(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         all(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_host(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    return all(text.substr(1, text.size() - 2),
               [](char c) { return is_hexadecimal(c) || (c >= 'A' && c <= 'F') || c == ':'; });
  }
  for (auto dot = text.find('.'); dot != text.npos; dot = text.find('.')) {
    if (!is_host_label(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_host_label(text);
}

bool is_registry(std::string_view text) {
  const auto colon = text.find(':', text.front() == '[' ? text.rfind(']') : 0);
  if (colon == text.npos) return is_host(text);
  const std::string_view port = text.substr(colon + 1);
  return is_host(text.substr(0, colon)) && !port.empty() && all(port, is_digit);
}

// Whether the part before the first slash is a registry, not the first part of a repository. The
// rule is Docker's.
bool looks_like_registry(std::string_view text) {
  return text == "localhost" || text.find_first_of(".:") != text.npos ||
         std::any_of(text.begin(), text.end(), is_upper);
}

bool is_repository(std::string_view text) {
  for (auto slash = text.find('/'); slash != text.npos; slash = text.find('/')) {
    if (!is_path_component(text.substr(0, slash))) return false;
    text.remove_prefix(slash + 1);
  }
  return is_path_component(text);
}

bool is_tag(std::string_view text) {
  const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !text.empty() && text.size() <= longest_tag && is_word(text.front()) &&
         all(text, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

bool is_digest(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0 || text.size() > longest_name) return false;
  const std::string_view value = text.substr(colon + 1);
  return is_alphanumeric(text.front()) &&
         all(text.substr(0, colon),
             [](char c) {
               return is_alphanumeric(c) ||
                      std::string_view("+._-").find(c) != std::string_view::npos;
             }) &&
         value.size() >= shortest_digest && all(value, is_hexadecimal);
}

std::string_view without_scheme(std::string_view image) {
  if (!image.starts_with(any_scheme)) return image;
  image.remove_prefix(any_scheme.size());
  if (image.starts_with('/')) image.remove_prefix(1);
  return image;
}

// Returns what is wrong with a reference, or "". Sets `tagged` if it has a tag or a digest.
std::string_view problem_with(std::string_view reference, bool& tagged) {
  if (reference.find("://") != reference.npos) {
    return "unsupported URL scheme; only docker:// is supported";
  }

  const auto at = reference.find('@');
  std::string_view name = reference.substr(0, at);
  if (at != reference.npos && !is_digest(reference.substr(at + 1))) {
    return "the part after @ must be a digest such as sha256:… in lower-case hexadecimal";
  }
  // A colon before the last slash belongs to the registry's port.
  const auto colon = name.rfind(':');
  const auto last_slash = name.rfind('/');
  const bool has_tag = colon != name.npos && (last_slash == name.npos || colon > last_slash);
  if (has_tag && !is_tag(name.substr(colon + 1))) {
    return "the tag may have at most 128 letters, digits, \"_\", \".\" and \"-\", and must not "
           "start with \".\" or \"-\"";
  }
  if (has_tag) name = name.substr(0, colon);
  tagged = has_tag || at != reference.npos;

  if (name.size() > longest_name) return "the name is longer than 255 characters";
  const auto slash = name.find('/');
  if (slash != name.npos && slash > 0 && looks_like_registry(name.substr(0, slash))) {
    if (!is_registry(name.substr(0, slash))) {
      return "the registry before the first / must be HOST or HOST:PORT";
    }
    name.remove_prefix(slash + 1);
  }
  if (!is_repository(name)) {
    return "the repository must consist of lower-case letters and digits, joined by \".\", \"_\", "
           "\"-\" or \"/\"";
  }
  return "";
}

}  // namespace

Result<std::string> image_reference(const std::string& image) {
  const std::string_view reference = without_scheme(image);
  if (reference.empty()) return Failure{Fault::not_found, "the image's name is empty"};

  bool tagged = false;
  if (const std::string_view problem = problem_with(reference, tagged); !problem.empty()) {
    return Failure{Fault::refused, "image " + in_quotes(image) + ": " + std::string(problem)};
  }
  return std::string(reference) + (tagged ? "" : ":latest");
}

std::string image_name_problem(const std::string& image) {
  const std::string_view reference = without_scheme(image);
  bool tagged = false;
  return std::string(reference.empty() ? "it names no image" : problem_with(reference, tagged));
}

std::string registry_of(const std::string& reference) {
  const auto slash = reference.find('/');
  const auto first = reference.substr(0, slash);
  const bool is_registry = slash != std::string::npos && looks_like_registry(first);
  return is_registry ? registry_at(first) : std::string(docker_hub);
}

std::string registry_at(std::string_view host) {
  const bool is_hub = host == "index.docker.io" || host == "registry-1.docker.io";
  return std::string(is_hub ? docker_hub : host);
}

}  // namespace containerizer
