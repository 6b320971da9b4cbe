#include "host/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace containerizer {
namespace {

constexpr std::string_view spaces = " \t\r\n";
constexpr std::size_t longest_quote = 1024;
constexpr char32_t not_text = 0xFFFD;  // Unicode's own mark for what is not text

// Takes one character off the front of `text`; `not_text` for a byte that does not belong to one.
// REQUIRES: `text` is not empty.
char32_t take_character(std::string_view& text) {
  struct Form {
    std::size_t length;
    char32_t least;
    unsigned char mask, mark;
  };
  static constexpr Form forms[] = {
      {1, 0, 0x80, 0x00}, {2, 0x80, 0xE0, 0xC0}, {3, 0x800, 0xF0, 0xE0}, {4, 0x10000, 0xF8, 0xF0}};
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  for (const auto& form : forms) {
    if ((byte(0) & form.mask) != form.mark) continue;
    char32_t character = byte(0) & static_cast<unsigned char>(~form.mask);
    std::size_t read = 1;
    while (read < form.length && read < text.size() && (byte(read) & 0xC0) == 0x80) {
      character = character << 6U | (byte(read++) & 0x3FU);
    }
    const bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    if (read < form.length || character < form.least || character > 0x10FFFF || is_surrogate) break;
    text.remove_prefix(read);
    return character;
  }
  text.remove_prefix(1);
  return not_text;
}

// Whether a terminal takes it for a command, or shows what is around it in another order or not at
// all.
bool steers(char32_t character) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range ranges[] = {
      {0x00, 0x1F},     {0x7F, 0x9F},      // control characters, C0 and C1
      {0xAD, 0xAD},     {0x61C, 0x61C},    // soft hyphen, Arabic letter mark
      {0x200B, 0x200F}, {0x2028, 0x202E},  // without width, line ends, directions
      {0x2060, 0x206F}, {0xFEFF, 0xFEFF},  // without width, directions
      {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};
  return std::any_of(std::begin(ranges), std::end(ranges), [&](const Range& range) {
    return character >= range.first && character <= range.last;
  });
}

// Calls `visit(character, bytes)` for each character, until it returns false.
template <class Visit>
void each_character(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const auto before = text;
    const auto character = take_character(text);
    if (!visit(character, before.substr(0, before.size() - text.size()))) return;
  }
}

bool is_broken(char32_t character, std::string_view bytes) {
  return character == not_text && bytes.size() == 1;
}

// What stands for a character on a terminal.
std::string_view shown(char32_t character, std::string_view bytes) {
  if (is_broken(character, bytes)) return "?";
  return steers(character) ? std::string_view(" ") : bytes;
}

std::string escape(char32_t character) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\\u";
  const char32_t code = character > 0xFFFF ? not_text : character;
  for (const unsigned shift : {12U, 8U, 4U, 0U}) text += digits[code >> shift & 0xFU];
  return text;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t longest) {
  const auto first = text.find_first_not_of(spaces);
  if (first == text.npos) return "";
  text = text.substr(first, text.find_last_not_of(spaces) + 1 - first);
  std::string line;
  line.reserve(std::min(text.size(), longest));
  bool is_cut = false;
  each_character(text, [&](char32_t character, std::string_view bytes) {
    const auto piece = shown(character, bytes);
    is_cut = line.size() + piece.size() > longest;
    if (!is_cut) line += piece;
    return !is_cut;
  });
  if (is_cut) line += "…";
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

bool is_utf8(std::string_view text) {
  bool is_good = true;
  each_character(text, [&](char32_t character, std::string_view bytes) {
    return is_good = !is_broken(character, bytes);
  });
  return is_good;
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

std::string nearest_word(std::string_view typed, const std::vector<std::string>& words) {
  // The edit distance in which two exchanged letters count as one edit (optimal string alignment).
  const auto distance = [&](std::string_view word) {
    std::vector rows(typed.size() + 1, std::vector<std::size_t>(word.size() + 1));
    for (std::size_t i = 0; i <= typed.size(); ++i) {
      for (std::size_t j = 0; j <= word.size(); ++j) {
        auto& least = rows[i][j] = std::max(i, j);
        if (i == 0 || j == 0) continue;
        const std::size_t differs = typed[i - 1] == word[j - 1] ? 0 : 1;
        least = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + differs});
        const bool is_exchanged =
            i > 1 && j > 1 && typed[i - 1] == word[j - 2] && typed[i - 2] == word[j - 1];
        if (is_exchanged) least = std::min(least, rows[i - 2][j - 2] + 1);
      }
    }
    return rows.back().back();
  };
  std::string nearest;
  auto least = typed.size() / 3 + 1;
  for (const auto& word : words) {
    if (const auto edits = distance(word); edits < least) {
      least = edits;
      nearest = word;
    }
  }
  return nearest;
}

bool mentions(std::string_view text, std::string_view part) {
  const auto alike = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), alike) != text.end();
}

}  // namespace containerizer
