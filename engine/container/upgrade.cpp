#include "engine/container/upgrade.h"

#include "host/format.h"
#include "host/text.h"
#include "store/migrations.h"

namespace containerizer {
namespace {

constexpr Duration longest_start{10'000};

int newest_schema() { return store::embedded_migrations().back().number; }

// The newest schema that the program at our path supports. A program that is broken, or older than
// this question, prints no number.
Result<int> schema_of_program(const Services& services) {
  Program question;
  question.arguments = {services.program, print_schema};
  question.environment = as_strings(services.environment);
  auto answer = services.host.run_and_capture(question, services.host.now() + longest_start, -1);
  if (!answer.ok()) return answer.failure();
  auto& text = answer.value();
  if (!text.empty() && text.back() == '\n') text.pop_back();
  unsigned version = 0;
  if (to_number(text, version)) return static_cast<int>(version);
  return Failure{Fault::refused,
                 formatted("{} is broken or too old to take over ({} printed no number)",
                           services.program, print_schema)};
}

}  // namespace

Failure become_newer_program(const Services& services, Program role, const std::vector<int>& kept) {
  services.store.close();
  const auto advice = "; install the newer program at this path";
  const auto schema = schema_of_program(services);
  if (!schema.ok()) return {Fault::refused, schema.failure().text + advice};
  if (schema.value() <= newest_schema()) {
    return {Fault::refused, formatted("{} supports schemas up to {} only{}", services.program,
                                      schema.value(), advice)};
  }
  role.arguments.insert(role.arguments.begin(), services.program);
  role.environment = as_strings(services.environment);
  log::info("the database needs a newer program; executing {}", services.program);
  return services.host.become(role, kept);
}

}  // namespace containerizer
