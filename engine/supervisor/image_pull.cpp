#include "engine/supervisor/image_pull.h"

#include <fcntl.h>
#include <unistd.h>

#include <functional>

#include "engine/supervisor/credentials.h"
#include "host/format.h"
#include "host/lock.h"

namespace containerizer {
namespace {

// The interval of checks while another launch pulls the image.
constexpr Duration check_interval{200};

// The byte of the lock file for an image. Two images can have the same byte. Their pulls then wait
// for each other, which does no harm.
int byte_of(const std::string& reference) {
  constexpr std::size_t bytes = 1 << 30;
  return static_cast<int>(std::hash<std::string>()(reference) % bytes);
}

// Records when the last successful pull of an image started, for the launches that waited for it.
// Pulls with a task's own credentials are not recorded, because other tasks might not be allowed to
// make them.
class LastPull {
 public:
  LastPull(const Services& services, const std::string& reference)
      : file_(::open((services.settings.state_directory() + "/pulls").c_str(),
                     O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)),
        // The boot ID is part of it, because the monotonic clock starts again with each boot.
        image_(std::hash<std::string>()(services.host.boot() + ' ' + reference)) {}

  bool started_since(Deadline moment) const {
    Record last;
    return ::pread(file_.get(), &last, sizeof last, place()) == sizeof last &&
           last.image == image_ && Deadline(Deadline::duration(last.started)) >= moment;
  }

  // A failure to write costs another pull, nothing else.
  void note(Deadline started) {
    const Record now{image_, started.time_since_epoch().count()};
    [[maybe_unused]] const auto written = ::pwrite(file_.get(), &now, sizeof now, place());
  }

 private:
  struct Record {
    std::size_t image = 0;
    Deadline::rep started = 0;
  };
  // Two images can have the same place. One of them may then be pulled once more than necessary.
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
            image_.is_forced
                ? formatted("image {}: the launch forces a pull, and CONTAINERIZER_PULL=never "
                            "forbids pulling; remove force_pull_image, --pull=always or "
                            "Image.cached=false from the task or the operator's options",
                            image_.reference)
                : formatted("image {} is not on this host, and CONTAINERIZER_PULL=never forbids "
                            "pulling it; run `docker pull` on this host first",
                            image_.reference)};
  }

  // Takes the image's lock. Returns whether another launch had it before.
  Result<bool> await_turn() {
    auto opened = LockFile::open(services_.settings.state_directory() + "/pull.lock");
    if (!opened.ok()) return opened.failure();
    turn_ = std::move(opened.value());
    const int byte = byte_of(image_.reference);
    if (turn_->try_lock(byte, LockFile::Mode::exclusive)) return false;
    listener_({"another launch is already pulling " + image_.reference + "; waiting for it", {}});
    while (!turn_->try_lock(byte, LockFile::Mode::exclusive)) {
      const auto ready =
          services_.host.poll({services_.host.wake()}, services_.host.now() + check_interval);
      if (ready[0]) return Failure{Fault::interrupted, "the pull was cancelled"};
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
    const bool is_shared = !auth.value().is_tasks;
    if (may_be_done && is_shared && last.started_since(wanted_since_)) return by_another();
    const auto started = services_.host.now();
    const auto& user = auth.value().username;
    listener_({formatted("pulling {}{}", image_.reference, user.empty() ? "" : " as " + user), {}});
    const auto pulled =
        services_.docker.pull(image_.reference, auth.value(), services_.host.wake(), listener_);
    if (!pulled.ok()) return pulled.failure();
    if (is_shared) last.note(started);
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
