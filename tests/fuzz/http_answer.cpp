// Replies of the daemon as bytes, and the meaning of their status and text.
#include "engine/docker/answers.h"
#include "engine/docker/transport/http.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

using Body = ResponseReader::Body;

struct Outcome {
  bool good = true;
  bool headers = false;
  bool complete = false;
  bool free = false;
  int status = 0;
  std::string version;
  std::string body;

  // The result must not depend on the pieces, except the moment at which a broken reply is
  // detected.
  bool same_as(const Outcome& other) const {
    if (!good || !other.good) return !complete && !other.complete;
    return headers == other.headers && complete == other.complete && status == other.status &&
           version == other.version && body == other.body;
  }
};

Outcome read(std::string_view bytes, std::size_t longest, Body kind) {
  Outcome outcome;
  ResponseReader reader(kind);
  in_pieces(bytes, longest, chance_of(bytes), [&](std::string_view piece) {
    const Status fed = reader.feed(piece);
    outcome.good = fed.ok();
    if (!fed.ok()) expect_readable(fed.failure());
    if (fed.ok() && kind == Body::endless) outcome.body += reader.take_body();
    return fed.ok() && !reader.complete();
  });
  if (!outcome.good) return outcome;
  outcome.headers = reader.headers_complete();
  outcome.complete = reader.complete();
  outcome.free = reader.connection_free();
  expect(outcome.complete || !outcome.free, "a connection is not free within a reply");
  expect(outcome.headers || !outcome.complete, "a reply has headers");
  if (outcome.headers) {
    outcome.status = reader.status();
    outcome.version = reader.header("Api-Version");
    outcome.body += reader.take_body();
  }
  return outcome;
}

void check_meaning(const Outcome& outcome) {
  const Answer answer{outcome.status, outcome.body, outcome.version};
  for (const ApiCall* call :
       {&ping_call, &create_call, &start_call, &inspect_call, &list_call, &kill_call, &remove_call,
        &update_call, &image_call, &pull_call, &output_call, &wait_call}) {
    const Failure reported = failure(*call, "subject", answer);
    expect_readable(reported);
    expect(reported.fault != Fault::interrupted, "a daemon does not interrupt us");
    const bool gone = reported.fault == Fault::not_found;
    expect(!gone || answer.status == 404 || call == &pull_call,
           "only a 404 says that it is not there");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text(data, size);
  for (const Body kind : {Body::whole, Body::endless}) {
    const Outcome at_once = read(bytes, 1'000'000'000, kind);
    expect(at_once.same_as(read(bytes, 1, kind)), "single bytes give the same reply");
    expect(at_once.same_as(read(bytes, 40, kind)), "pieces give the same reply");
    if (kind == Body::whole && at_once.complete) check_meaning(at_once);
  }
  return 0;
}
