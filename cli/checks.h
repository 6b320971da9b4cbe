// What `doctor` examines: each function appends its findings. They only read.
#pragma once

#include <string>
#include <vector>

#include "cli/invocation.h"

namespace containerizer {

enum class Health { ok, warning, error };

const char* name_of(Health health);

struct Finding {
  Health health = Health::ok;
  std::string subject;
  std::string text;  // one line: what was found, and, unless it is ok, what to do
};

using Findings = std::vector<Finding>;

void check_settings(const Invocation& invocation, Findings& findings);
void check_state_files(const Invocation& invocation, Findings& findings);
void check_database(Invocation& invocation, Findings& findings);
void check_daemon(Invocation& invocation, Findings& findings);
void check_kernel(Findings& findings);
void check_mesos(Invocation& invocation, Findings& findings);
// REQUIRES: the database can be read.
void check_containers(Invocation& invocation, Findings& findings);

// All of them, in this order.
Findings check_everything(Invocation& invocation);

}  // namespace containerizer
