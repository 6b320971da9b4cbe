// The page of `report` without its data: cli/report.html, which the build embeds.
#pragma once

#include <string>

namespace containerizer {

// It contains the marks {{NONCE}}, {{VERSION}} and, once, {{DATA}}.
std::string report_page();

}  // namespace containerizer
