// pull: an image, as a launch would get it, before a launch wants it.
#include <fmt/core.h>
#include <sys/ioctl.h>

#include "cli/people.h"
#include "engine/host/file.h"
#include "engine/image_pull.h"
#include "engine/translation/image_name.h"

namespace containerizer {
namespace {

// News as lines; on a terminal one line that changes, with a bar.
class Display {
 public:
  explicit Display(const Call& call) : call_(call) {
    winsize size{};
    if (::ioctl(call.output, TIOCGWINSZ, &size) != 0) return;
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

  const Call& call_;
  std::size_t columns_ = 0;  // of the terminal, if there is one
  std::size_t filled_ = 0;
};

}  // namespace

int pull(Call& call) {
  if (call.arguments.size() != 1) return fail("pull takes the name of an image", exit_usage);
  const auto reference = image_reference(call.arguments[0]);
  if (!reference.ok()) return fail(reference.failure().text);
  Config config = call.config;
  config.pull = PullPolicy::always;
  const World world{call.store, call.docker, call.host, config, call.program, call.environment};
  const auto obtained = [&] {
    Display display(call);
    return obtain_image(world, {reference.value(), false, ""},
                        [&](const PullNews& news) { display.show(news); });
  }();
  if (!obtained.ok()) return fail(obtained.failure().text);
  return print(call, reference.value() + " is there");
}

}  // namespace containerizer
