// What every setting means, as text for people.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace containerizer {

struct SettingText {
  std::string_view names;    // "CONTAINERIZER_PULL", or several with ", " between them
  std::string_view initial;  // Markdown: the default; "" for none
  std::string_view meaning;  // Markdown
};

struct SettingsSection {
  std::string_view title;
  std::string_view introduction;  // Markdown; can be empty
  std::span<const SettingText> settings;
};

// All settings, in the order of the page.
std::span<const SettingsSection> settings_manual();

enum class SettingsFormat { text, markdown };

// The whole manual. Markdown is the rest of docs/configuration.md, from its first table on.
std::string describe_settings(SettingsFormat format);

}  // namespace containerizer
