// metrics: prints what a monitoring system wants to know of this slave instance, in the text format
// of Prometheus. docs/fleet.md lists the series.
#include <sys/stat.h>

#include "cli/command_line.h"
#include "cli/printing.h"
#include "cli/version.h"
#include "engine/container/life_lock.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/file.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string quoted(const std::string& value) {
  std::string text;
  for (const char c : one_line(value)) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return "\"" + text + "\"";
}

// Milliseconds as seconds, with as many digits as needed.
std::string seconds(std::int64_t milliseconds) {
  return formatted("{}", static_cast<double>(milliseconds) / 1000);
}

// The text of one exposition. A family is begun before its samples.
class Exposition {
 public:
  // All samples get these labels: several slaves of a host can share a directory of the collector.
  Exposition(Labels common, bool is_openmetrics)
      : common_(std::move(common)), is_openmetrics_(is_openmetrics) {}

  void begin(const std::string& name, const std::string& type, const std::string& help) {
    family_ = "docker_containerizer_" + name;
    // OpenMetrics calls the family of a counter by its name without the suffix.
    auto described = family_;
    constexpr std::string_view suffix = "_total";
    if (is_openmetrics_ && described.ends_with(suffix)) {
      described.resize(described.size() - suffix.size());
    }
    text_ += formatted("# HELP {0} {1}\n# TYPE {0} {2}\n", described, help, type);
  }

  void sample(const std::string& value, const Labels& labels = {}, const std::string& suffix = "") {
    auto all = common_;
    all.insert(all.end(), labels.begin(), labels.end());
    std::string list;
    for (const auto& [name, text] : all) {
      list += (list.empty() ? "" : ",") + name + "=" + quoted(text);
    }
    text_ += formatted("{}{}{{{}}} {}\n", family_, suffix, list, value);
  }
  void sample(std::int64_t value, const Labels& labels = {}) {
    sample(std::to_string(value), labels);
  }

  std::string text() const { return text_ + "# EOF\n"; }

 private:
  Labels common_;
  bool is_openmetrics_;
  std::string family_;
  std::string text_;
};

void add_histogram(Exposition& out, const std::vector<store::DurationCount>& durations) {
  std::int64_t count = 0;
  std::int64_t total = 0;
  for (const auto& one : durations) {
    count += one.count;
    total += one.total_ms;
    const auto bound = one.at_most_ms ? seconds(*one.at_most_ms) : "+Inf";
    out.sample(std::to_string(count), {{"le", bound}}, "_bucket");
  }
  out.sample(seconds(total), {}, "_sum");
  out.sample(std::to_string(count), {}, "_count");
}

// A file that does not exist has no size.
void add_size(Exposition& out, const std::string& path, const Labels& labels) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0) out.sample(std::int64_t{found.st_size}, labels);
}

void add_containers(Exposition& out, const store::Figures& figures) {
  out.begin("containers", "gauge", "Containers in the state database, by state.");
  for (const auto state : all_states()) {
    const auto found = figures.containers.find(name_of(state));
    out.sample(found == figures.containers.end() ? 0 : found->second, {{"state", name_of(state)}});
  }
  out.begin("launches_total", "counter", "Launches that were accepted.");
  out.sample(figures.launches);
  out.begin("ends_total", "counter",
            "Containers that have ended, by kind of end, outcome and registry of the image.");
  for (const auto& end : figures.ends) {
    out.sample(end.count,
               {{"kind", end.kind}, {"outcome", end.outcome}, {"registry", end.registry}});
  }
}

void add_durations(Exposition& out, const store::Figures& figures) {
  const std::pair<const char*, const char*> steps[] = {
      {"pull",
       "Time that a launch waited for a pull. A launch that found its image on the host is not "
       "counted."},
      {"start", "Time that a launch took from the state Creating to the state Running."}};
  for (const auto& [step, help] : steps) {
    out.begin(formatted("{}_duration_seconds", step), "histogram", help);
    add_histogram(out, figures.durations.at(step));
  }
}

// Containers that are not Gone and that no supervisor owns right now.
std::int64_t missing_supervisors(const Invocation& invocation, const store::Figures& figures) {
  const auto directory = invocation.settings.state_directory();
  std::int64_t missing = 0;
  for (const auto& id : figures.live) {
    if (!has_owner(directory, id)) ++missing;
  }
  return missing;
}

void add_health(Exposition& out, const Invocation& invocation, const store::Figures& figures) {
  out.begin("undelivered_ends", "gauge", "Ends that the slave has not learned of yet.");
  out.sample(figures.undelivered);
  out.begin("oldest_undelivered_end_timestamp_seconds", "gauge",
            "When the oldest of these ends was recorded; absent if there is none.");
  if (figures.oldest_undelivered) out.sample(seconds(*figures.oldest_undelivered));
  out.begin("missing_supervisors", "gauge",
            "Containers that should have a supervisor process and have none.");
  out.sample(missing_supervisors(invocation, figures));
  out.begin("last_recovery_timestamp_seconds", "gauge",
            "When a slave last recovered its containers; absent if none has.");
  if (figures.last_recovery) out.sample(seconds(*figures.last_recovery));
}

void add_files(Exposition& out, const Invocation& invocation, const store::Figures& figures) {
  out.begin("database_size_bytes", "gauge", "Size of the state database and of its log.");
  for (const char* file : {"state.db", "state.db-wal"}) {
    add_size(out, invocation.settings.state_directory() + "/" + file, {{"file", file}});
  }
  out.begin("log_size_bytes", "gauge",
            "Size of the file that CONTAINERIZER_LOG names; absent if it names none.");
  if (invocation.settings.log.starts_with('/')) add_size(out, invocation.settings.log, {});
  out.begin("schema_version", "gauge", "Version of the state database's schema.");
  out.sample(figures.schema_version);
  out.begin("build_info", "gauge", "The program that wrote these metrics; always 1.");
  const auto version = version_document();
  out.sample(1,
             {{"version", version_text()}, {"commit", version.at("commit").as_string().c_str()}});
}

}  // namespace

int metrics(Invocation& invocation) {
  std::string output;
  std::string format = "prometheus";
  CommandLine line("metrics", "Prints metrics of this slave's containers, for Prometheus.");
  line.option("-o,--output", output, "FILE", "replace this file instead of printing");
  line.choice("--format", format, {"prometheus", "openmetrics"}, "the text format");
  if (const auto status = line.parse(invocation)) return *status;
  const auto figures = invocation.store.figures();
  Exposition out({{"work_dir", invocation.settings.work_directory}}, format == "openmetrics");
  add_containers(out, figures);
  add_durations(out, figures);
  add_health(out, invocation, figures);
  add_files(out, invocation, figures);
  if (output.empty()) return print(invocation, out.text());
  const auto written = replace_file(output, out.text());
  return written.ok() ? exit_ok : fail(written.failure().text);
}

}  // namespace containerizer
