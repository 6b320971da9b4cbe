#include "host/format.h"

#include <fmt/format.h>

namespace containerizer {

std::string formatted_text(fmt::string_view text, fmt::format_args values) {
  return fmt::vformat(text, values);
}

}  // namespace containerizer
