#include "cli/checks.h"

#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "engine/config/state_directory.h"
#include "engine/container/identity.h"
#include "engine/container/life_lock.h"
#include "engine/lifecycle/lifecycle.h"
#include "engine/translation/executor_command.h"
#include "host/format.h"
#include "host/process.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;

void add(Findings& findings, Health health, const char* subject, std::string text) {
  findings.push_back({health, subject, std::move(text)});
}

std::string mebibytes(std::uintmax_t bytes) {
  return formatted("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

// --- The state directory

void check_file_system(const std::string& directory, Findings& findings) {
  constexpr const char* subject = "file system";
  struct Kind {
    std::uint64_t magic;
    const char* name;
    const char* problem;  // nullptr: none
    Health health;
  };
  constexpr std::uint64_t cifs = 0xFF534D42;
  constexpr std::uint64_t smb2 = 0xFE534D42;
  constexpr std::uint64_t fuse = 0x65735546;
  constexpr std::uint64_t nine_p = 0x01021997;
  constexpr const char* remote =
      "SQLite's write-ahead log does not work there; give the slave a --work_dir on a local disk";
  constexpr const char* volatile_ =
      "it is empty after a restart of the host; give the slave a --work_dir on a disk";
  const Kind kinds[] = {
      {NFS_SUPER_MAGIC, "NFS", remote, Health::error},
      {cifs, "CIFS", remote, Health::error},
      {smb2, "SMB", remote, Health::error},
      {nine_p, "9p", remote, Health::error},
      {fuse, "FUSE", "check that it supports locks and fsync; a local disk is safer",
       Health::warning},
      {TMPFS_MAGIC, "tmpfs", volatile_, Health::warning},
  };
  struct statfs found {};
  if (::statfs(directory.c_str(), &found) != 0) return;
  const auto magic = static_cast<std::uint64_t>(found.f_type) & 0xFFFFFFFFU;
  const auto* const kind = std::find_if(std::begin(kinds), std::end(kinds),
                                        [&](const Kind& one) { return one.magic == magic; });
  if (kind != std::end(kinds)) {
    add(findings, kind->health, subject,
        formatted("{} is on {}: {}", directory, kind->name, kind->problem));
  } else {
    add(findings, Health::ok, subject, directory + " is on a local file system");
  }
  struct statvfs space {};
  if (::statvfs(directory.c_str(), &space) != 0) return;
  const auto free_bytes = std::uintmax_t{space.f_bavail} * space.f_frsize;
  constexpr std::uintmax_t too_little = 256 << 20;
  if (free_bytes < too_little) {
    add(findings, Health::error, "free space",
        formatted("only {} are free; make room, because a full disk delays every step",
                  mebibytes(free_bytes)));
  } else {
    add(findings, Health::ok, "free space", mebibytes(free_bytes) + " are free");
  }
}

// Copies of databases that a migration or a recovery has left. Nobody deletes them.
void check_copies(const std::string& directory, Findings& findings) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("state.db.unreadable-") && !name.ends_with("-wal") &&
        !name.ends_with("-shm")) {
      add(findings, Health::warning, "leftovers",
          entry.path().string() +
              " is a damaged database that was moved aside; keep it for a bug "
              "report, or delete it");
    } else if (name.starts_with("state.db.v")) {
      add(findings, Health::warning, "leftovers",
          entry.path().string() +
              " is the copy that a migration has made; delete it once no older "
              "program is needed");
    }
  }
}

// --- The daemon

void check_drivers(const DaemonInfo& daemon, Findings& findings) {
  if (daemon.live_restore) {
    add(findings, Health::ok, "live-restore", "containers survive a restart of the daemon");
  } else {
    add(findings, Health::warning, "live-restore",
        "it is off: a restart of the daemon ends all containers; set \"live-restore\": true in the "
        "daemon's daemon.json");
  }
  const bool keeps_log = daemon.log_driver == "json-file" || daemon.log_driver == "local" ||
                         daemon.log_driver == "journald";
  add(findings, keeps_log ? Health::ok : Health::warning, "log driver",
      keeps_log ? daemon.log_driver
                : formatted("{} may keep no log: output is then lost while a supervisor is down; "
                            "use json-file, local or journald",
                            daemon.log_driver.empty() ? "unknown" : daemon.log_driver));
  const bool is_slow = daemon.storage_driver == "vfs" || daemon.storage_driver == "devicemapper" ||
                       daemon.storage_driver == "aufs";
  add(findings, is_slow ? Health::warning : Health::ok, "storage driver",
      daemon.storage_driver +
          (is_slow ? " is slow or obsolete; use overlay2, if the file system allows it" : ""));
  add(findings, Health::ok, "cgroups",
      formatted("version {}, driver {}",
                daemon.cgroup_version.empty() ? "1" : daemon.cgroup_version,
                daemon.cgroup_driver.empty() ? "unknown" : daemon.cgroup_driver));
}

void check_default_image(Invocation& invocation, Findings& findings) {
  constexpr const char* subject = "default image";
  const auto& image = invocation.settings.tasks.default_image;
  if (image.empty()) {
    return add(findings, Health::ok, subject,
               "none is set in CONTAINERIZER_DEFAULT_IMAGE; the slave may have one");
  }
  const auto is_there = invocation.docker.has_image(image);
  if (!is_there.ok()) return add(findings, Health::error, subject, is_there.failure().text);
  if (is_there.value()) return add(findings, Health::ok, subject, image + " is on this host");
  add(findings, Health::warning, subject,
      formatted("{} is not on this host; `docker-containerizer pull {}` pulls it", image, image));
}

// --- Containers

bool is_file(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

// The executable of a process; "" if it cannot be read.
std::string executable_of(pid_t pid) {
  std::error_code error;
  return fs::read_symlink(formatted("/proc/{}/exe", pid), error).string();
}

void check_supervisors(const Invocation& invocation, const std::vector<store::Record>& records,
                       Findings& findings) {
  constexpr const char* subject = "supervisors";
  std::size_t good = 0;
  std::size_t older = 0;
  const auto ours = executable_of(::getpid());
  for (const auto& [container, termination, limits, supervisor] : records) {
    const bool lives = supervisor && supervisor->boot_id == boot_id() &&
                       identify(supervisor->process.pid) == supervisor->process &&
                       has_owner(invocation.settings.state_directory(), container.container_id);
    if (!lives) {
      add(findings, Health::error, subject,
          formatted("container {} is {} and has no supervisor; restart the slave, whose `recover` "
                    "starts one",
                    container.container_id, container.state));
    } else if (executable_of(supervisor->process.pid) != ours) {
      ++older;
    } else {
      ++good;
    }
  }
  if (older > 0) {
    add(findings, Health::warning, subject,
        formatted(
            "{} supervisors run another program file, such as an older version; each keeps it "
            "until its container ends, or until the database needs a newer program",
            older));
  }
  add(findings, Health::ok, subject, formatted("{} supervisors run this program", good));
}

// Containers in the daemon that no row wants any more.
void check_leftover_containers(Invocation& invocation, const std::vector<store::Record>& records,
                               Findings& findings) {
  const auto seen = invocation.docker.list(instance_label, invocation.settings.work_directory);
  if (!seen.ok()) return;  // check_daemon() reports it
  std::size_t leftovers = 0;
  for (const auto& facts : seen.value()) {
    const bool is_wanted = std::any_of(records.begin(), records.end(), [&](const auto& record) {
      return is_ours(facts, record.container);
    });
    if (is_wanted) continue;
    ++leftovers;
    add(findings, Health::warning, "leftovers",
        formatted("container {} belongs to no launch that still exists; the next `recover` removes "
                  "it or says why not",
                  facts.name));
  }
  if (leftovers == 0) {
    add(findings, Health::ok, "leftovers",
        formatted("{} containers in the daemon, and each belongs to a launch",
                  seen.value().size()));
  }
}

void check_deliveries(Invocation& invocation, Findings& findings) {
  constexpr std::int64_t long_ago = 3'600'000;
  const auto latest = invocation.store.now().wall - long_ago;
  std::size_t late = 0;
  for (const auto& id : invocation.store.undelivered()) {
    const auto container = invocation.store.find(id);
    if (container && container->state == name_of(State::gone) && container->since.wall < latest) {
      ++late;
    }
  }
  if (late == 0)
    return add(findings, Health::ok, "deliveries",
               "the slave has read every end that is older than an hour");
  add(findings, Health::warning, "deliveries",
      formatted("{} containers ended more than an hour ago, and the slave has not read how they "
                "ended; restart the slave, and search its log for `wait`",
                late));
}

}  // namespace

const char* name_of(Health health) {
  if (health == Health::ok) return "ok";
  return health == Health::warning ? "warning" : "error";
}

void check_settings(const Invocation& invocation, Findings& findings) {
  for (const auto& problem : invocation.problems) {
    add(findings, Health::error, "settings", problem);
  }
  if (invocation.problems.empty()) {
    add(findings, Health::ok, "settings", "all are known and well-formed");
  }
}

void check_state_files(const Invocation& invocation, Findings& findings) {
  constexpr const char* subject = "state directory";
  const auto directory = invocation.settings.state_directory();
  if (::access(directory.c_str(), F_OK) != 0) {
    return add(findings, Health::error, subject,
               directory +
                   " does not exist; set MESOS_WORK_DIRECTORY to the slave's --work_dir, or "
                   "start the slave once");
  }
  if (const auto advice = advice_to_other_user(directory); !advice.empty()) {
    return add(findings, Health::error, subject, advice);
  }
  const auto safe = check_state_directory(directory);
  if (safe.ok()) {
    add(findings, Health::ok, subject, directory + " has safe owners and modes");
  } else {
    add(findings, Health::error, subject, safe.failure().text);
  }
  check_file_system(directory, findings);
  check_copies(directory, findings);
}

void check_database(Invocation& invocation, Findings& findings) {
  constexpr const char* subject = "database";
  const auto path = invocation.settings.state_directory() + "/state.db";
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  if (missing) {
    return add(findings, Health::error, subject,
               path + " does not exist; the slave's first call creates it");
  }
  try {
    const auto complaint = invocation.store.integrity();
    if (!complaint.empty()) {
      return add(findings, Health::error, subject,
                 path + " is damaged: " + complaint +
                     "; restart the slave, whose `recover` moves it aside and rebuilds it");
    }
  } catch (const store::StoreError& error) {
    return add(findings, Health::error, subject, error.what());
  }
  std::error_code none;
  const auto log = fs::file_size(path + "-wal", none);
  const auto log_size = none ? 0 : log;
  constexpr std::uintmax_t large_log = 256 << 20;
  if (log_size > large_log) {
    add(findings, Health::warning, subject,
        formatted(
            "its write-ahead log has {}; run `fuser {}` to find the program that keeps it open",
            mebibytes(log_size), path));
  }
  add(findings, Health::ok, subject,
      formatted("sound; {}, and {} of log", mebibytes(size), mebibytes(log_size)));
}

void check_daemon(Invocation& invocation, Findings& findings) {
  const auto daemon = invocation.docker.info();
  if (!daemon.ok()) return add(findings, Health::error, "daemon", daemon.failure().text);
  const auto& info = daemon.value();
  add(findings, Health::ok, "daemon",
      formatted("version {}, API {}, at {}", info.version, info.api,
                invocation.settings.endpoint.text()));
  check_drivers(info, findings);
  check_default_image(invocation, findings);
}

void check_kernel(Findings& findings) {
  constexpr const char* subject = "kernel";
  utsname name{};
  ::uname(&name);
  int major = 0;
  int minor = 0;
  // NOLINTNEXTLINE(cert-err34-c): a release that is no number is reported as too old.
  std::sscanf(name.release, "%d.%d", &major, &minor);
  // docs/going-on.md says what older kernels lack.
  const auto is_at_least = [&](int first, int second) {
    return major > first || (major == first && minor >= second);
  };
  const auto release = std::string("Linux ") + name.release;
  if (!is_at_least(3, 15)) {
    add(findings, Health::error, subject, release + "; install Linux 3.15 or later");
  } else if (!is_at_least(5, 6)) {
    add(findings, Health::warning, subject,
        release +
            "; with CONTAINERIZER_ALLOWED_VOLUMES or CONTAINERIZER_PRIVILEGED=refuse, volumes "
            "need Linux 5.6 or later");
  } else {
    add(findings, Health::ok, subject, release);
  }
  const bool is_v2 = fs::exists("/sys/fs/cgroup/cgroup.controllers");
  const bool has_memory = is_v2 ? fs::exists("/sys/fs/cgroup/memory.stat") ||
                                      fs::exists("/sys/fs/cgroup/system.slice/memory.stat")
                                : fs::exists("/sys/fs/cgroup/memory");
  add(findings, has_memory ? Health::ok : Health::warning, subject,
      has_memory ? "the memory controller is on"
                 : "the memory controller is off: limits of memory do nothing; boot with "
                   "cgroup_enable=memory");
}

void check_mesos(Invocation& invocation, Findings& findings) {
  constexpr const char* subject = "mesos-executor";
  // The slave tells its directory in the environment of each launch.
  auto environment = invocation.environment;
  bool is_known = false;
  try {
    // That of a container that is Gone is emptied.
    const auto living = invocation.store.live();
    const auto launch =
        living.empty() ? std::nullopt : invocation.store.launch_of(living.back().container_id);
    if (launch && !launch->environment.empty()) {
      environment = unpack_environment(launch->environment);
      is_known = true;
    }
  } catch (const store::StoreError&) {
    // check_database() reports it.
  }
  const auto directory = launcher_directory(environment);
  for (const char* program : {"mesos-executor", "mesos-fetcher"}) {
    const auto path = directory + "/" + program;
    if (is_file(path)) {
      add(findings, Health::ok, subject, path + " is executable");
    } else if (is_known) {
      add(findings, Health::error, subject,
          path + " is not there; start the slave with the --launcher_dir that contains it");
    } else {
      add(findings, Health::warning, subject,
          path +
              " was not found; the slave's --launcher_dir is only known while a task runs, so run "
              "`doctor` again then");
    }
  }
}

void check_containers(Invocation& invocation, Findings& findings) {
  store::Selection live;
  live.scope = store::Selection::Scope::live;
  const auto records = invocation.store.records(live);
  check_supervisors(invocation, records, findings);
  check_deliveries(invocation, findings);
  invocation.store.close();
  check_leftover_containers(invocation, records, findings);
}

Findings check_everything(Invocation& invocation) {
  Findings findings;
  check_settings(invocation, findings);
  check_kernel(findings);
  check_state_files(invocation, findings);
  check_database(invocation, findings);
  check_daemon(invocation, findings);
  check_mesos(invocation, findings);
  try {
    check_containers(invocation, findings);
  } catch (const store::StoreError&) {
    // check_database() reports it.
  }
  return findings;
}

}  // namespace containerizer
