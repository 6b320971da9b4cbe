#include "engine/supervisor/image_pull.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <functional>

#include "engine/supervisor/credentials.h"
#include "host/lock.h"

namespace containerizer {
namespace {

// While another launch pulls the image.
constexpr Duration look_again{200};

// Images that share a byte wait for each other, which is no harm.
int byte_of(const std::string& reference) {
  constexpr std::size_t bytes = 1 << 30;
  return static_cast<int>(std::hash<std::string>()(reference) % bytes);
}

// When the last pull of an image that ended well was begun, for those who waited for it. Only pulls
// that anybody could have made count, not those with a task's own credentials.
class LastPull {
 public:
  LastPull(const Services& services, const std::string& reference)
      : file_(::open((services.settings.state_directory() + "/pulls").c_str(),
                     O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)),
        image_(std::hash<std::string>()(services.host.boot() + ' ' + reference)) {}

  bool was_begun_since(Deadline moment) const {
    Record last;
    return ::pread(file_.get(), &last, sizeof last, place()) == sizeof last &&
           last.image == image_ && Deadline(Deadline::duration(last.begun)) >= moment;
  }

  void note(Deadline begun) {
    const Record now{image_, begun.time_since_epoch().count()};
    [[maybe_unused]] const auto written = ::pwrite(file_.get(), &now, sizeof now, place());
  }

 private:
  struct Record {
    std::size_t image = 0;
    Deadline::rep begun = 0;
  };
  // Images that share a place are asked for again at the worst.
  off_t place() const { return static_cast<off_t>(image_ % 256 * sizeof(Record)); }

  Fd file_;
  std::size_t image_;
};

class Pull {
 public:
  Pull(const Services& services, const WantedImage& image, const PullListener& listener)
      : services_(services),
        image_(image),
        listener_(listener),
        wanted_since_(services.host.now()) {}

  Result<std::string> run() {
    const bool is_enough = !image_.is_forced && services_.settings.pull != PullPolicy::always;
    if (is_enough) {
      const auto there = services_.docker.has_image(image_.reference);
      if (!there.ok()) return there.failure();
      if (there.value()) return std::string("already there");
    }
    if (services_.settings.pull == PullPolicy::never) return forbidden();
    const auto waited = await_turn();
    if (!waited.ok()) return waited.failure();
    if (is_enough && waited.value()) {
      const auto there = services_.docker.has_image(image_.reference);
      if (!there.ok()) return there.failure();
      if (there.value()) return by_another();
    }
    return pull_in_turn(!is_enough && waited.value());
  }

 private:
  Failure forbidden() const {
    return {Fault::refused,
            fmt::format("image {} {}, and CONTAINERIZER_PULL=never forbids to pull it; pull it on "
                        "this host beforehand",
                        image_.reference,
                        image_.is_forced ? "is to be pulled" : "is not on this host")};
  }

  // Whether somebody else had to be waited for.
  Result<bool> await_turn() {
    auto opened = LockFile::open(services_.settings.state_directory() + "/pull.lock");
    if (!opened.ok()) return opened.failure();
    turn_ = std::move(opened.value());
    const int byte = byte_of(image_.reference);
    if (turn_->try_lock(byte, LockFile::Mode::exclusive)) return false;
    listener_({"another launch pulls " + image_.reference + "; waiting for it", {}});
    while (!turn_->try_lock(byte, LockFile::Mode::exclusive)) {
      const auto ready =
          services_.host.poll({services_.host.wake()}, services_.host.now() + look_again);
      if (ready[0]) return Failure{Fault::interrupted, "the pull was called off"};
    }
    return true;
  }

  Result<Credentials> credentials() const {
    if (!image_.user.empty()) {
      return credentials_of_task(image_.reference, image_.user, image_.secret);
    }
    return find_credentials(services_.host, image_.reference, image_.sandbox,
                            services_.environment);
  }

  Result<std::string> by_another() const { return std::string("pulled by another launch"); }

  Result<std::string> pull_in_turn(bool may_be_done) {
    const auto auth = credentials();
    if (!auth.ok()) return auth.failure();
    LastPull last(services_, image_.reference);
    const bool is_anybodys = !auth.value().is_tasks;
    if (may_be_done && is_anybodys && last.was_begun_since(wanted_since_)) return by_another();
    const auto begun = services_.host.now();
    const auto& user = auth.value().username;
    listener_(
        {fmt::format("pulling {}{}", image_.reference, user.empty() ? "" : " as " + user), {}});
    const auto pulled =
        services_.docker.pull(image_.reference, auth.value(), services_.host.wake(), listener_);
    if (!pulled.ok()) return pulled.failure();
    if (is_anybodys) last.note(begun);
    return std::string("pulled");
  }

  const Services& services_;
  const WantedImage& image_;
  const PullListener& listener_;
  const Deadline wanted_since_;
  std::optional<LockFile> turn_;
};

}  // namespace

Result<std::string> obtain_image(const Services& services, const WantedImage& image,
                                 const PullListener& listener) {
  return Pull(services, image, listener).run();
}

}  // namespace containerizer
