// pull: an image, as a launch would get it, before a launch wants it.
#include <fmt/core.h>
#include <sys/ioctl.h>

#include "cli/printing.h"
#include "engine/supervisor/image_pull.h"
#include "engine/translation/image_name.h"
#include "host/file.h"

namespace containerizer {
namespace {

// News as lines; on a terminal one line that changes, with a bar.
class Display {
 public:
  explicit Display(const Invocation& invocation) : call_(invocation) {
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
      print(call_, news.line);
    } else {
      rewrite(fmt::format("[{:<{}}] {}", std::string(filled_, '='), width, news.line));
    }
  }

 private:
  static constexpr std::size_t width = 20;
  // Of a terminal that does not know.
  static constexpr std::size_t usual_columns = 80;

  void rewrite(const std::string& line) const {
    constexpr std::string_view begin_again = "\r\x1b[K";
    if (columns_ == 0) return;
    write_all(call_.output, std::string(begin_again) + line.substr(0, columns_ - 1));
  }

  const Invocation& call_;
  std::size_t columns_ = 0;  // of the terminal, if there is one
  std::size_t filled_ = 0;
};

}  // namespace

int pull(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return fail("pull takes the name of an image", exit_usage);
  const auto reference = image_reference(invocation.arguments[0]);
  if (!reference.ok()) return fail(reference.failure().text);
  Settings settings = invocation.settings;
  settings.pull = PullPolicy::always;
  const Services services{invocation.store, invocation.docker,  invocation.host,
                          settings,         invocation.program, invocation.environment};
  const auto obtained = [&] {
    Display display(invocation);
    return obtain_image(services, {reference.value(), false, ""},
                        [&](const PullNews& news) { display.show(news); });
  }();
  if (!obtained.ok()) return fail(obtained.failure().text);
  return print(invocation, reference.value() + " is there");
}

}  // namespace containerizer
