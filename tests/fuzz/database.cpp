// The state database, with any bytes in its file.
#include "store/database.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/store.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;
using namespace containerizer::store;

namespace {

namespace fs = std::filesystem;

// In memory if possible, because a disk would take most of the time of an input.
fs::path make_directory() {
  std::string pattern = (fs::exists("/dev/shm") ? "/dev/shm" : "/tmp");
  pattern += "/fuzz-database-XXXXXX";
  expect(::mkdtemp(pattern.data()) != nullptr, "a directory is created");
  return pattern;
}

class Directory {
 public:
  ~Directory() { fs::remove_all(path_); }
  std::string database() const { return path_ / "db"; }
  void fill(std::string_view bytes) const {
    for (const auto& entry : fs::directory_iterator(path_)) fs::remove(entry);
    std::ofstream(database(), std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  fs::path path_ = make_directory();
};

// Returns whether `work` succeeded. Any exception except StoreError ends the program.
template <class Work>
bool attempt(Work work) {
  try {
    work();
    return true;
  } catch (const StoreError& error) {
    expect(is_one_line(error.what()), "an error is one line", error.what());
    expect(std::string_view(error.what()).size() < 4000, "an error can be shown", error.what());
    return false;
  }
}

void read_of(Store& store, const std::string& id) {
  attempt([&] { store.find(id); });
  attempt([&] { store.launch_of(id); });
  attempt([&] { store.limits_of(id); });
  attempt([&] { store.termination_of(id); });
  attempt([&] { store.requests_of(id); });
  attempt([&] { store.supervisor_of(id); });
  attempt([&] { store.has_event(id, "Launch"); });
}

void write_of(Store& store, Container container) {
  const std::string id = container.container_id;
  Advance step;
  step.event = "ContainerExited";
  step.to_state = "Exited";
  step.actor = "fuzz";
  step.termination = Termination{"exited", {}, 3, {}, "exit code 3", 0};
  attempt([&] { store.advance(container, step); });
  attempt([&] { store.set_supervisor(id, {1, 2}); });
  attempt([&] { store.set_limits(id, 0.5, 1 << 25); });
  attempt([&] { store.set_hard_memory(id, 1 << 26); });
  attempt([&] { store.request(id, "destroy"); });
  attempt([&] { store.deliver(id); });
}

void read_all(Store& store) {
  if (!attempt([&] { store.live(); })) return;
  attempt([&] { store.undelivered(); });
  attempt([&] { store.records({.scope = Selection::Scope::all}); });
  attempt([&] { store.matching("c"); });
  attempt([&] { store.integrity(); });
  attempt([&] { store.history(std::nullopt, 100); });
}

void use(Store& store) {
  std::vector<Container> containers;
  // Most files cannot be opened. Trying that for each call would only take time.
  if (!attempt([&] { containers = store.everything(); })) return;
  read_all(store);
  constexpr std::size_t most = 4;
  if (containers.size() > most) containers.resize(most);
  for (const Container& container : containers) {
    read_of(store, container.container_id);
    write_of(store, container);
  }
  Container another;
  another.container_id = "another";
  another.state = "Accepted";
  another.kind = "command";
  another.nonce = std::string(32, 'a');
  another.boot_id = "boot";
  attempt([&] { store.insert(another, {"request", "A=1"}, {}, "fuzz"); });
  read_of(store, another.container_id);
  attempt([&] { store.prune(std::int64_t{1} << 60, 10); });
  read_all(store);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Directory directory;
  directory.fill(as_text(data, size));
  DatabaseSettings settings{directory.database(), Duration(200)};
  settings.read_only = true;
  Store onlooker(settings);
  read_all(onlooker);
  onlooker.close();

  settings.read_only = false;
  Store store(settings);
  use(store);
  store.checkpoint();
  // Setting the file aside must work with any content.
  expect(attempt([&] { store.set_aside(); }), "any file can be set aside");
  const bool costs_most = chance_of(as_text(data, size))() % 16 != 0;
  if (!costs_most) expect(attempt([&] { store.everything(); }), "a new database can be created");
  return 0;
}
