// doctor: examines everything that the program depends on. Each line is ok, a warning or an error
// with what to do. With --bundle, it also collects what a bug report needs.

#include <algorithm>

#include "cli/bundle.h"
#include "cli/checks.h"
#include "cli/command_line.h"
#include "cli/printing.h"
#include "cli/terminal.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

std::string as_text(const Findings& findings, const Screen& screen) {
  std::size_t longest = 0;
  for (const auto& one : findings) longest = std::max(longest, one.subject.size());
  std::string text;
  for (const auto& one : findings) {
    const std::string health = name_of(one.health);
    const auto subject = one.subject + std::string(longest - one.subject.size() + 2, ' ');
    const std::string gap(9 - health.size(), ' ');
    const auto words = one_line(one.text, one.text.size());
    auto line = folded(formatted("{}{}{}{}", health, gap, subject, words), screen, longest + 11);
    line.replace(0, health.size(), in_colour(health, screen));
    text += line + "\n";
  }
  return text;
}

boost::json::object as_json(const Findings& findings) {
  boost::json::array rows;
  for (const auto& one : findings) {
    rows.push_back({{"health", name_of(one.health)}, {"subject", one.subject}, {"text", one.text}});
  }
  auto whole = document();
  whole["findings"] = std::move(rows);
  return whole;
}

}  // namespace

int doctor(Invocation& invocation) {
  bool json = false;
  std::string bundle;
  CommandLine line("doctor", "Examines everything that the program depends on. Fails on an error.");
  line.flag("--json", json, "print JSON");
  line.option("--bundle", bundle, "FILE", "also write FILE for a bug report, without secrets");
  if (const auto status = line.parse(invocation)) return *status;
  const auto findings = check_everything(invocation);
  const bool is_bad = std::any_of(findings.begin(), findings.end(),
                                  [](const auto& one) { return one.health == Health::error; });
  if (!bundle.empty()) {
    const auto written = write_bundle(invocation, as_text(findings, {}), bundle);
    if (!written.ok()) return fail(written.failure().text);
  }
  const int status = json ? print(invocation, as_json(findings))
                          : print_safe(invocation, as_text(findings, screen_of(invocation)));
  if (status != exit_ok) return status;
  return is_bad ? exit_failed : exit_ok;
}

}  // namespace containerizer
