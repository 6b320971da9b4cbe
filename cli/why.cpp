// why: explains how a container ended, with the evidence and what to change.
#include "cli/command_line.h"
#include "cli/printing.h"
#include "cli/sandbox_output.h"
#include "cli/terminal.h"
#include "engine/lifecycle/cause.h"
#include "host/text.h"

namespace containerizer {
namespace {

Story story_of(Invocation& invocation, const store::Record& record) {
  constexpr std::int64_t most_entries = 1000;
  Story story;
  story.container = record.container;
  story.termination = record.termination;
  story.limits = record.limits;
  story.history = invocation.store.history(record.container.container_id, most_entries);
  story.now = invocation.store.now().wall;
  story.last_error_line = last_line_of(record.container.directory, "stderr");
  return story;
}

std::string as_text(const store::Record& record, const Explanation& why, const Screen& screen) {
  const auto& container = record.container;
  const auto ending = record.termination ? record.termination->ending : container.state;
  const auto name = one_line(container.task_name.value_or(container.executor_id));
  const auto middle = " " + one_line(container.container_id) + ": ";
  const auto word = one_line(ending);
  auto text = folded(name + middle + word, screen);
  // Without colours if it continues on the next line.
  if (text.find('\n') == std::string::npos) {
    text = in_bold(name, screen) + middle + in_colour(word, screen);
  }
  text += "\n\n" + folded(one_line(why.summary, why.summary.size()), screen) + "\n";
  const auto add = [&](const char* title, const std::vector<std::string>& sentences) {
    if (sentences.empty()) return;
    text += "\n" + in_bold(title, screen) + "\n";
    for (const auto& one : sentences) {
      text += folded("  - " + one_line(one, one.size()), screen, 4) + "\n";
    }
  };
  add("Evidence", why.evidence);
  add("What to change", why.advice);
  return text;
}

boost::json::object as_json(const store::Record& record, const Explanation& why) {
  const auto list = [](const std::vector<std::string>& sentences) {
    return boost::json::array(sentences.begin(), sentences.end());
  };
  auto whole = document();
  whole["container_id"] = record.container.container_id;
  whole["task_name"] = to_json(record.container.task_name);
  whole["ending"] = record.termination ? boost::json::value(record.termination->ending) : nullptr;
  whole["cause"] = why.cause;
  whole["summary"] = why.summary;
  whole["evidence"] = list(why.evidence);
  whole["advice"] = list(why.advice);
  return whole;
}

}  // namespace

int why(Invocation& invocation) {
  bool json = false;
  std::string name;
  CommandLine line("why", "Explains how a container ended, and what to change.");
  line.argument("CONTAINER", name, container_argument);
  line.flag("--json", json, "print JSON");
  if (const auto status = line.parse(invocation)) return *status;
  const auto record = find_record(invocation, name);
  if (!record.ok()) return fail(record.failure().text);
  const auto explanation = explain(story_of(invocation, record.value()));
  invocation.store.close();
  if (json) return print(invocation, as_json(record.value(), explanation));
  const auto screen = screen_of(invocation);
  return print_safe(invocation, as_text(record.value(), explanation, screen));
}

}  // namespace containerizer
