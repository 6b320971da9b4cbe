#include "host/oom_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "host/fd.h"

namespace containerizer {
namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// The value of "name=value" in a list with commas. Names of cgroups can contain commas, so a value
// ends where the next field that the kernel writes begins.
std::string_view field(std::string_view list, std::string_view name, std::string_view next) {
  const auto at = list.find(name);
  if (at == list.npos) return {};
  list.remove_prefix(at + name.size());
  return list.substr(0, list.find(next));
}

}  // namespace

std::optional<OomKill> parse_oom_kill(std::string_view record) {
  // priority,sequence,microseconds,flags;text, and further lines that begin with a space.
  const auto head_end = record.find(';');
  if (head_end == record.npos) return std::nullopt;
  auto text = record.substr(head_end + 1);
  text = text.substr(0, text.find('\n'));
  if (!text.starts_with("oom-kill:")) return std::nullopt;
  auto head = record.substr(0, head_end);
  for (int skipped = 0; skipped < 2; ++skipped) {
    const auto comma = head.find(',');
    if (comma == head.npos) return std::nullopt;
    head.remove_prefix(comma + 1);
  }
  const auto time = number_in<std::int64_t>(head);
  const auto victim = number_in<pid_t>(field(text, ",pid=", ",uid="));
  if (!time || !victim) return std::nullopt;
  OomKill kill;
  kill.victim = *victim;
  kill.victim_cgroup = field(text, ",task_memcg=", ",task=");
  kill.limit_cgroup = field(text, ",oom_memcg=", ",task_memcg=");
  kill.at = Deadline(Duration(*time / 1000));
  return kill;
}

std::optional<std::vector<OomKill>> read_oom_kills(const std::string& path) {
  const Fd log(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!log.valid()) return std::nullopt;
  std::vector<OomKill> kills;
  std::array<char, 16384> record;
  for (;;) {
    const ssize_t size = ::read(log.get(), record.data(), record.size());
    // EPIPE: the kernel has replaced the record in the meantime; the next read has a newer one.
    if (size < 0 && (errno == EPIPE || errno == EINTR)) continue;
    if (size < 0 && errno != EAGAIN) return std::nullopt;
    if (size <= 0) return kills;
    auto kill = parse_oom_kill({record.data(), static_cast<std::size_t>(size)});
    if (kill) kills.push_back(std::move(*kill));
  }
}

}  // namespace containerizer
