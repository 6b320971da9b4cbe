// What several groups of cases do.
#pragma once

#include "tests/judge/cases.h"

namespace containerizer::judge {

// A script that goes on until its sandbox contains a file `go`, and then exits with 7.
inline const std::string until_go =
    "trap 'exit 7' TERM; until [ -e go ]; do sleep 0.05; done; exit 7";
inline const std::string stubborn = "trap '' TERM; while :; do sleep 0.05; done";
inline const std::string forever = "while :; do sleep 0.05; done";

constexpr int exited(int code) { return code << 8; }

inline void let_go(const Task& task) { write_file(task.sandbox / "go", ""); }

// "status 256, message …", for people.
std::string text_of(const Termination& termination);
// Waits for the task, which must end by itself with this waitpid status.
Termination expect_end(Slave& slave, Task& task, int status);
// Runs a script that ends with 0, and returns what it has printed.
std::string printed(Slave& slave, const std::string& script, const Words& words = {});
// A case in which a task prints one text.
Case prints(const std::string& group, const std::string& name, const std::string& rule,
            const std::string& source, const std::string& script, const Words& words,
            const std::string& expected);
// The task never starts: either launch fails, or wait reports a failure. Returns the messages.
std::string expect_no_start(Slave& slave, const Draft& draft);
// The list of containers is exactly this.
void expect_listed(Slave& slave, const std::set<std::string>& ids);
// No process of the case is in a container.
void expect_dead(Stage& stage);
// Kills all processes of the containerizer, but not those in containers.
void kill_helpers(Stage& stage);

}  // namespace containerizer::judge
