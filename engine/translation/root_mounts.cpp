#include "engine/translation/root_mounts.h"

#include <algorithm>
#include <string_view>

#include "engine/translation/request_rules.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

constexpr const char* places_of_root[] = {
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/run",
    "/var/spool/cron",
};

struct Harmless {
  std::string_view place;
  bool is_writable = false;
};

// The links among them lead to further ones of them.
constexpr Harmless harmless_places[] = {
    {"/dev/log", true},
    {"/dev/null", true},
    {"/dev/random", true},
    {"/dev/urandom", true},
    {"/dev/zero", true},
    {"/etc/ca-certificates"},
    {"/etc/hostname"},
    {"/etc/hosts"},
    {"/etc/localtime"},
    {"/etc/nsswitch.conf"},
    {"/etc/os-release"},
    {"/etc/pki/ca-trust"},
    {"/etc/pki/tls/certs"},
    {"/etc/resolv.conf"},
    {"/etc/ssl/certs"},
    {"/etc/timezone"},
    {"/run/resolvconf/resolv.conf"},
    {"/run/systemd/journal/dev-log", true},
    {"/run/systemd/resolve"},
    {"/usr/lib/os-release"},
    {"/usr/local/share/ca-certificates"},
    {"/usr/share/ca-certificates"},
    {"/usr/share/zoneinfo"},
};

}  // namespace

bool makes_root(const std::string& path, bool is_read_only,
                const std::vector<std::string>& own_places) {
  const auto normal = normal_path(path);
  const auto touches = [&](const auto& place) {
    return is_below(normal, place) || is_below(place, normal);
  };
  const auto is_harmless = [&](const Harmless& harmless) {
    return is_below(normal, std::string(harmless.place)) && (is_read_only || harmless.is_writable);
  };
  if (std::any_of(std::begin(harmless_places), std::end(harmless_places), is_harmless)) {
    return false;
  }
  return std::any_of(std::begin(places_of_root), std::end(places_of_root), touches) ||
         std::any_of(own_places.begin(), own_places.end(), touches);
}

}  // namespace containerizer
