#include "host/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace containerizer {
namespace {

constexpr std::string_view spaces = " \t\r\n";

}  // namespace

std::string one_line(std::string_view text, std::size_t longest) {
  const auto first = text.find_first_not_of(spaces);
  if (first == text.npos) return "";
  text = text.substr(first, text.find_last_not_of(spaces) + 1 - first);
  std::string line(text.substr(0, longest));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  if (text.size() > longest) line += "…";
  return line;
}

std::string safe_lines(std::string_view text) {
  std::string lines;
  lines.reserve(text.size());
  each_character(text, [&](char32_t character, std::string_view bytes) {
    lines += character == U'\n' ? bytes : shown(character, bytes);
    return true;
  });
  return lines;
}

std::string safe_json(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  each_character(json, [&](char32_t character, std::string_view bytes) {
    if (steers(character) || is_broken(character, bytes)) {
      safe += escape(character);
    } else {
      safe += bytes;
    }
    return true;
  });
  return safe;
}

std::string in_quotes(std::string_view text) {
  constexpr std::string_view escaped = "\b\f\n\r\t\"\\";
  constexpr std::string_view letters = "bfnrt\"\\";
  constexpr std::string_view end = "…\"";
  std::string quoted = "\"";
  bool is_cut = false;
  each_character(text, [&](char32_t character, std::string_view bytes) {
    std::string piece(bytes);
    const auto place = bytes.size() == 1 ? escaped.find(bytes[0]) : escaped.npos;
    if (place != escaped.npos) {
      piece = std::string("\\") + letters[place];
    } else if (steers(character) || is_broken(character, bytes)) {
      piece = escape(character);
    }
    is_cut = quoted.size() + piece.size() + end.size() > longest_quote;
    if (!is_cut) quoted += piece;
    return !is_cut;
  });
  return quoted.append(is_cut ? end : "\"");
}

std::string without_logins(std::string_view text) {
  constexpr std::string_view start = "://";
  std::string result;
  for (auto at = text.find(start); at != text.npos; at = text.find(start)) {
    at += start.size();
    result += text.substr(0, at);
    text.remove_prefix(at);
    const auto authority =
        text.substr(0, std::min(text.find_first_of("/ \t\r\n'\"?#"), text.size()));
    const auto login = authority.rfind('@');
    if (login == authority.npos) continue;
    result += "…";
    text.remove_prefix(login);
  }
  return result.append(text);
}

Result<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\0' && spaces.find(c) != spaces.npos) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'') {
      if (++i == line.size()) return Failure{Fault::refused, "it ends with a backslash"};
      // Between double quotes, a backslash is an ordinary character, except before these.
      const bool protects = quote == '\0' || std::string_view("\"\\$`").find(line[i]) != line.npos;
      if (!protects) words.back() += '\\';
      words.back() += line[i];
    } else {
      words.back() += c;
    }
  }
  if (quote == '\0') return words;
  return Failure{Fault::refused, std::string("its quote ") + quote + " is not closed"};
}

bool to_number(std::string_view text, unsigned& number) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

bool mentions(std::string_view text, std::string_view part) {
  const auto alike = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), alike) != text.end();
}

}  // namespace containerizer
