// A container of another program.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// Another program's container. The destructor removes it.
class Foreigner {
 public:
  explicit Foreigner(const std::vector<std::string>& options,
                     const std::string& image = "busybox:test") {
    std::vector<std::string> words{"run", "-d", "--network", "none"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {image, "sleep", "1000000"});
    id_ = docker(words);
  }
  ~Foreigner() { remove(); }
  Foreigner(const Foreigner&) = delete;
  Foreigner& operator=(const Foreigner&) = delete;

  void remove() {
    if (!id_.empty()) docker({"rm", "-f", std::exchange(id_, "")});
  }
  bool lives() const { return docker({"inspect", "-f", "{{.State.Running}}", id_}) == "true"; }

 private:
  std::string id_;
};

}  // namespace containerizer::integration
