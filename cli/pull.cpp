// pull: pulls an image in the same way as a launch, before a launch needs it.
#include <fmt/core.h>
#include <sys/ioctl.h>

#include "cli/printing.h"
#include "engine/supervisor/image_pull.h"
#include "engine/translation/image_name.h"
#include "host/file.h"

namespace containerizer {
namespace {

// Prints the progress of a pull: one line per message, or, on a terminal, one line that changes,
// with a bar.
class Display {
 public:
  explicit Display(const Invocation& invocation) : invocation_(invocation) {
    winsize size{};
    if (::ioctl(invocation.output, TIOCGWINSZ, &size) != 0) return;
    columns_ = size.ws_col > 0 ? size.ws_col : usual_columns;
  }
  ~Display() { rewrite(""); }
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  void show(const PullNews& news) {
    if (news.fraction) filled_ = static_cast<std::size_t>(*news.fraction * width);
    if (columns_ == 0) {
      print(invocation_, news.line);
    } else {
      rewrite(fmt::format("[{:<{}}] {}", std::string(filled_, '='), width, news.line));
    }
  }

 private:
  static constexpr std::size_t width = 20;
  // The width of a terminal that does not report one.
  static constexpr std::size_t usual_columns = 80;

  void rewrite(const std::string& line) const {
    constexpr std::string_view clear_line = "\r\x1b[K";
    if (columns_ == 0) return;
    write_all(invocation_.output, std::string(clear_line) + line.substr(0, columns_ - 1));
  }

  const Invocation& invocation_;
  std::size_t columns_ = 0;  // of the terminal; 0 if the output is not one
  std::size_t filled_ = 0;
};

}  // namespace

int pull(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("pull needs the name of an image", exit_usage);
  const auto reference = image_reference(invocation.arguments[0]);
  if (!reference.ok()) return fail(reference.failure().text);
  Settings settings = invocation.settings;
  // The operator asked for this pull, whatever CONTAINERIZER_PULL says.
  settings.pull = PullPolicy::always;
  const Services services{invocation.store, invocation.docker,  invocation.host,
                          settings,         invocation.program, invocation.environment};
  const auto obtained = [&] {
    Display display(invocation);
    return obtain_image(services, {reference.value(), false, ""},
                        [&](const PullNews& news) { display.show(news); });
  }();
  if (!obtained.ok()) return fail(obtained.failure().text);
  return print(invocation, reference.value() + " is on the host");
}

}  // namespace containerizer
