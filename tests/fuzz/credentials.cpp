// Configurations of docker with credentials, which tasks can supply, and replies of helpers.
#include "engine/supervisor/credentials.h"

#include "engine/docker/encoding.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

const std::string some_registry = "r.io:5000";

void check_reading(std::string_view text) {
  for (const auto& registry : {some_registry, std::string("docker.io")}) {
    const auto login = read_login(text, registry);
    if (!login.ok()) {
      expect_readable(login.failure());
      expect(login.failed_with(Fault::refused), "a configuration is refused", text);
      continue;
    }
    const auto& auth = login.value().auth;
    expect(auth.empty() || auth.server.ends_with(registry == "docker.io" ? "/v1/" : registry),
           "credentials are for the registry that was asked for", text);
  }
  const auto answer = read_helper(text, some_registry);
  if (!answer.ok()) return expect_readable(answer.failure());
  expect(!answer.value().empty(), "a helper's answer has credentials", text);
}

// Checks that the form that docker login writes is read correctly.
void check_packing(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0 || text.ends_with('\0')) return;
  const auto login = read_login(
      R"({"auths": {")" + some_registry + R"(": {"auth": ")" + base64url(text) + R"("}}})",
      some_registry);
  expect(login.ok(), "base64 credentials are read", text);
  expect(login.value().auth.username == text.substr(0, colon), "the user is as written", text);
  expect(login.value().auth.password == text.substr(colon + 1), "the secret is as written", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(data, size);
  check_reading(text);
  check_packing(text);
  return 0;
}
