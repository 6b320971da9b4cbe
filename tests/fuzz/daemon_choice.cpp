// The choice of the daemon: docker's options, hosts, contexts and its config.json.
#include "engine/docker/client_options.h"
#include "engine/docker/context.h"
#include "engine/docker/transport/endpoint.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

template <class T>
void expect_refused(const Result<T>& result) {
  expect(result.failed_with(Fault::refused), "invalid input is refused");
  expect_readable(result.failure());
}

void check_options(const std::string& text) {
  const auto options = read_client_options({{docker_arguments, text}, {"HOME", "/h"}});
  if (!options.ok()) return expect_refused(options);
  const auto& read = options.value();
  expect(!read.verify || read.tls, "verification implies TLS", text);
  expect(!read.host || read.context.empty(), "only one daemon is selected", text);
  expect(client_directory({{docker_arguments, text}, {"HOME", "/h"}}) == read.directory,
         "there is one directory", text);
}

void check_endpoint(const std::string& text) {
  const auto endpoint = parse_endpoint(text);
  if (!endpoint.ok()) return expect_refused(endpoint);
  const auto again = parse_endpoint(endpoint.value().text());
  expect(again.ok() && again.value().text() == endpoint.value().text() &&
             again.value().address == endpoint.value().address,
         "an endpoint is the same when its text is read", text);
}

void check_hosts(std::string_view text) {
  const auto endpoint = parse_endpoint("tcp://name:1", text);
  if (!endpoint.ok()) return expect_refused(endpoint);
  expect(text.find("name") != text.npos && text.find(endpoint.value().address) != text.npos,
         "an address is one of those given", text);
}

void check_documents(std::string_view text) {
  if (const auto context = read_context(text); !context.ok()) expect_refused(context);
  if (const auto current = read_current_context(text); !current.ok()) expect_refused(current);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(data, size);
  check_options(std::string(text));
  check_endpoint(std::string(text));
  check_hosts(text);
  check_documents(text);
  return 0;
}
