// top: shows what the running containers use, once a second, from the kernel's own files.
#include <poll.h>

#include <algorithm>
#include <map>

#include "cli/command_line.h"
#include "cli/printing.h"
#include "cli/terminal.h"
#include "host/cgroup.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/format.h"
#include "host/process.h"
#include "host/times.h"

namespace containerizer {
namespace {

using Number = CgroupUsage::Number;

constexpr Duration period{1'000};

struct Row {
  store::Container container;
  store::Limits limits;
  CgroupUsage usage;
  std::optional<double> cpu;  // percent of one processor, since the last sample
};

struct Sample {
  Deadline taken;
  std::uint64_t cpu_ns = 0;
};

// The processor time of each container at the last sample, by its ID.
using Samples = std::map<std::string, Sample>;

std::optional<std::uint64_t> cpu_of(const CgroupUsage& usage) {
  if (!usage.cpu_user_ns && !usage.cpu_system_ns) return std::nullopt;
  return usage.cpu_user_ns.value_or(0) + usage.cpu_system_ns.value_or(0);
}

std::vector<Row> take_sample(Invocation& invocation, Samples& samples) {
  const auto records = invocation.store.records({});
  invocation.store.close();
  Samples now;
  std::vector<Row> rows;
  for (const auto& record : records) {
    const auto& container = record.container;
    // Another process may have the PID of a container that has ended.
    if (!living_pid(container) || identify(container.init->pid) != container.init) continue;
    const auto used = read_usage(container.init->pid);
    if (!used.ok()) continue;
    Row row{container, record.limits, used.value(), {}};
    const auto taken = deadline_in(Duration::zero());
    if (const auto cpu = cpu_of(row.usage)) {
      const auto before = samples.find(container.container_id);
      if (before != samples.end() && *cpu >= before->second.cpu_ns) {
        const auto passed = std::chrono::nanoseconds(taken - before->second.taken).count();
        row.cpu = 100.0 * static_cast<double>(*cpu - before->second.cpu_ns) /
                  static_cast<double>(std::max<std::int64_t>(passed, 1));
      }
      now[container.container_id] = {taken, *cpu};
    }
    rows.push_back(std::move(row));
  }
  samples = std::move(now);
  return rows;
}

Number network_of(const Row& row) {
  if (!row.usage.net_rx_bytes) return std::nullopt;
  return *row.usage.net_rx_bytes + row.usage.net_tx_bytes.value_or(0);
}

// The limit that the kernel enforces; otherwise the one that the slave wants.
Number limit_of(const Row& row) {
  if (row.usage.mem_limit) return row.usage.mem_limit;
  if (!row.limits.hard_memory) return std::nullopt;
  return static_cast<std::uint64_t>(*row.limits.hard_memory);
}

void sort(std::vector<Row>& rows, const std::string& by) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& left, const Row& right) {
    if (by == "memory") return left.usage.mem_total > right.usage.mem_total;
    if (by == "network") return network_of(left) > network_of(right);
    if (by == "processes") return left.usage.processes > right.usage.processes;
    if (by == "task") return left.container.task_name < right.container.task_name;
    return left.cpu > right.cpu;
  });
}

std::string size(const Number& bytes) {
  if (!bytes) return "-";
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto number = static_cast<double>(*bytes);
  std::size_t unit = 0;
  for (; number >= 1024 && unit + 1 < std::size(units); ++unit) number /= 1024;
  return formatted("{:.{}f} {}", number, unit == 0 ? 0 : 1, units[unit]);
}

std::string as_table(const std::vector<Row>& rows, const Screen& screen) {
  Rows cells{{"TASK", "CONTAINER", "CPU %", "MEMORY", "LIMIT", "RX", "TX", "PROCESSES"}};
  for (const auto& row : rows) {
    const auto& used = row.usage;
    const auto limit = limit_of(row);
    const bool has_share = used.mem_total && limit && *limit > 0;
    const auto share = has_share
                           ? formatted(" {:.0f}%", 100.0 * static_cast<double>(*used.mem_total) /
                                                       static_cast<double>(*limit))
                           : std::string();
    cells.push_back({row.container.task_name.value_or(row.container.executor_id),
                     shown_id(row.container.container_id, screen),
                     row.cpu ? formatted("{:.1f}", *row.cpu) : "-", size(used.mem_total) + share,
                     size(limit), size(used.net_rx_bytes), size(used.net_tx_bytes),
                     used.processes ? std::to_string(*used.processes) : "-"});
  }
  return table(cells, screen);
}

boost::json::object as_json(const std::vector<Row>& rows, std::int64_t wall) {
  const auto number = [](const Number& value) -> boost::json::value {
    if (!value) return nullptr;
    return *value;
  };
  boost::json::array containers;
  for (const auto& row : rows) {
    containers.push_back({{"container_id", row.container.container_id},
                          {"task_name", to_json(row.container.task_name)},
                          {"cpu_percent", row.cpu ? boost::json::value(*row.cpu) : nullptr},
                          {"memory", number(row.usage.mem_total)},
                          {"memory_limit", number(limit_of(row))},
                          {"net_rx_bytes", number(row.usage.net_rx_bytes)},
                          {"net_tx_bytes", number(row.usage.net_tx_bytes)},
                          {"processes", number(row.usage.processes)}});
  }
  auto whole = document();
  whole["at"] = utc_time(wall);
  whole["containers"] = std::move(containers);
  return whole;
}

// Waits for the next sample. False if the reader of our output has gone.
bool pause(const Invocation& invocation, Deadline until) {
  pollfd reader{invocation.output, 0, 0};
  ::poll(&reader, 1, static_cast<int>(time_left(until).count()));
  return (reader.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

// A terminal shows one table that changes, as far as it fits.
std::string on_screen(std::string text, const Screen& screen) {
  std::size_t end = 0;
  for (std::size_t line = 1; line < screen.lines && end != std::string::npos; ++line) {
    end = text.find('\n', end == 0 ? 0 : end + 1);
  }
  if (end != std::string::npos) text.resize(end + 1);
  return formatted("\x1b[H\x1b[J{}", text);
}

}  // namespace

int top(Invocation& invocation) {
  bool once = false;
  bool json = false;
  std::string by = "cpu";
  CommandLine line("top", "Shows what the running containers use, once a second.");
  line.choice("-s,--sort", by, {"cpu", "memory", "network", "processes", "task"},
              "the highest first (default cpu)");
  line.flag("--once", once, "measure for a second, print once, and exit");
  line.flag("--json", json, "print JSON, one line for each second");
  if (const auto status = line.parse(invocation)) return *status;
  Samples samples;
  auto next = deadline_in(period);
  take_sample(invocation, samples);
  for (;; next += period) {
    if (!pause(invocation, next)) return exit_ok;
    auto rows = take_sample(invocation, samples);
    sort(rows, by);
    const auto screen = screen_of(invocation);
    int status = exit_ok;
    if (json) {
      status = print(invocation, as_json(rows, invocation.store.now().wall));
    } else {
      auto text = as_table(rows, screen);
      if (!once && screen.columns > 0) text = on_screen(std::move(text), screen);
      if (!once && screen.columns <= 0) text += "\n";
      status = print_safe(invocation, text);
    }
    if (once || status != exit_ok) return status;
  }
}

}  // namespace containerizer
