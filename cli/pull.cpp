// pull: pulls an image in the same way as a launch, before a launch needs it.

#include "cli/command_line.h"
#include "cli/printing.h"
#include "cli/terminal.h"
#include "engine/supervisor/image_pull.h"
#include "engine/translation/image_name.h"
#include "host/file.h"
#include "host/format.h"

namespace containerizer {
namespace {

// Prints the progress of a pull: one line per message, or, on a terminal, one line that changes,
// with a bar.
class Display {
 public:
  Display(const Invocation& invocation, bool json)
      : invocation_(invocation), json_(json), columns_(json ? 0 : screen_of(invocation).columns) {}
  ~Display() { rewrite(""); }
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  void show(const PullNews& news) {
    if (news.fraction) filled_ = static_cast<std::size_t>(*news.fraction * width);
    if (json_) {
      auto progress = document();
      progress["line"] = news.line;
      progress["fraction"] = news.fraction ? boost::json::value(*news.fraction) : nullptr;
      print(invocation_, progress);
    } else if (columns_ == 0) {
      print(invocation_, news.line);
    } else {
      rewrite(formatted("[{:<{}}] {}", std::string(filled_, '='), width, news.line));
    }
  }

 private:
  static constexpr std::size_t width = 20;

  void rewrite(const std::string& line) const {
    constexpr std::string_view clear_line = "\r\x1b[K";
    if (columns_ == 0) return;
    write_all(invocation_.output, std::string(clear_line) + line.substr(0, columns_ - 1));
  }

  const Invocation& invocation_;
  bool json_;
  std::size_t columns_;  // of the terminal; 0 if the output is not one
  std::size_t filled_ = 0;
};

}  // namespace

int pull(Invocation& invocation) {
  bool json = false;
  std::string image;
  CommandLine line("pull", "Pulls an image in the same way as a launch, before a task needs it.");
  line.argument("IMAGE", image, "such as docker:///ubuntu:13.04 or ubuntu:13.04");
  line.flag("--json", json, "print JSON, one line for each step");
  if (const auto status = line.parse(invocation)) return *status;
  const auto reference = image_reference(image);
  if (!reference.ok()) return fail(reference.failure().text);
  Settings settings = invocation.settings;
  // The operator asked for this pull, whatever CONTAINERIZER_PULL says.
  settings.pull = PullPolicy::always;
  const Services services{invocation.store, invocation.docker,  invocation.host,
                          settings,         invocation.program, invocation.environment};
  const auto obtained = [&] {
    Display display(invocation, json);
    return obtain_image(services, {reference.value(), false, ""},
                        [&](const PullNews& news) { display.show(news); });
  }();
  if (!obtained.ok()) return fail(obtained.failure().text);
  if (!json) return print(invocation, reference.value() + " is on the host");
  auto done = document();
  done["image"] = reference.value();
  return print(invocation, done);
}

}  // namespace containerizer
