// Decoding of bytes: encodings, output streams, the progress of a pull, and replies.
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "engine/docker/answers.h"
#include "engine/docker/encoding.h"
#include "engine/docker/log_decoder.h"
#include "engine/docker/pull_progress.h"
#include "engine/docker/transport/http.h"
#include "host/json.h"

using namespace containerizer;

namespace {

const std::string stamp = "2024-01-02T03:04:05.123456789Z";

std::string frame(char stream, const std::string& text) {
  std::string bytes{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(text.size() >> shift);
  return bytes + text;
}

// Every entry as "out|err:timestamp:bytes", then the detected form of the stream.
std::vector<std::string> drain(LogDecoder& decoder) {
  std::vector<std::string> entries;
  for (;;) {
    const auto entry = decoder.next();
    if (!entry.ok()) {
      entries.push_back("! " + entry.failure().text);
      return entries;
    }
    if (!entry.value()) return entries;
    const auto& e = *entry.value();
    entries.push_back((e.stream == OutputStream::out ? "out:" : "err:") + e.timestamp + ":" +
                      e.bytes);
  }
}

std::vector<std::string> decode(LogDecoder::Format format, const std::string& first,
                                const std::string& second = "") {
  LogDecoder decoder(format);
  decoder.feed(first);
  auto entries = drain(decoder);
  decoder.feed(second);
  for (auto& entry : drain(decoder)) entries.push_back(entry);
  return entries;
}

}  // namespace

TEST_CASE("Texts are percent-encoded", "[docker][encoding]") {
  CHECK(percent_encode("aZ0-._~") == "aZ0-._~");
  CHECK(percent_encode("a/b c%?#&=+\xC3\xA9") == "a%2Fb%20c%25%3F%23%26%3D%2B%C3%A9");
  CHECK(percent_encode("reg:5000/a/b@sha256:1", "/:@") == "reg:5000/a/b@sha256:1");
  CHECK(query({{"a", "1&2"}, {"b", ""}, {"c", "x"}}) == "?a=1%262&c=x");
  CHECK(query({{"b", ""}}).empty());
}

TEST_CASE("Base 64 is of the URL alphabet and padded", "[docker][encoding]") {
  CHECK(base64url("").empty());
  CHECK(base64url("f") == "Zg==");
  CHECK(base64url("fo") == "Zm8=");
  CHECK(base64url("foo") == "Zm9v");
  CHECK(base64url("\xFB\xFF\xFE") == "-__-");
  CHECK(base64url(std::string("\0\0", 2)) == "AAA=");
}

TEST_CASE("Base 64 is decoded from either alphabet, padded or not", "[docker][encoding]") {
  const std::pair<std::string, std::optional<std::string>> rows[] = {
      {"", ""},
      {"Zg==", "f"},
      {"Zg", "f"},
      {"Zm8=", "fo"},
      {"Zm8", "fo"},
      {"Zm9v", "foo"},
      {"-__-", "\xFB\xFF\xFE"},
      {"+//+", "\xFB\xFF\xFE"},
      {"AAA=", std::string("\0\0", 2)},
      {"====", ""},
      {"Z", std::nullopt},
      {"Zm9vZ", std::nullopt},
      {"Zg==Zg==", std::nullopt},
      {" Zm9v", std::nullopt},
      {"Zm9v\n", std::nullopt},
      {"Zm\t9v", std::nullopt},
      {"Zm9*", std::nullopt},
      {"Zm9\xFF", std::nullopt},
  };
  for (const auto& [text, bytes] : rows) {
    INFO(text);
    CHECK(base64_decode(text) == bytes);
  }
}

TEST_CASE("RFC 3339 becomes seconds and nanoseconds", "[docker][encoding]") {
  const std::pair<std::string, std::string> rows[] = {
      {"1970-01-01T00:00:00Z", "0.000000000"},
      {"2024-01-01T00:00:00.5Z", "1704067200.500000000"},
      {"2024-01-01T00:00:00.123456789Z", "1704067200.123456789"},
      {"2024-01-01T02:00:00.000000001+02:00", "1704067200.000000001"},
      {"2023-12-31T23:30:00-00:30", "1704067200.000000000"},
  };
  for (const auto& [text, expected] : rows) {
    INFO(text);
    const auto time = unix_time(text);
    REQUIRE(time.ok());
    CHECK(time.value() == expected);
  }
  CHECK(unix_milliseconds("2024-01-01T00:00:00.0625Z") == 1'704'067'200'062);
  for (const std::string text :
       {"", "x", "2024-01-01", "2024-01-01T00:00:00", "1704067200", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00Zx", "2024-01-01T00:00:00+2", "2024-01-01T00:00:00+02:00x"}) {
    INFO(text);
    CHECK(unix_time(text).failed_with(Fault::refused));
    CHECK_FALSE(unix_milliseconds(text));
  }
}

TEST_CASE("Image references split into repository and tag or digest", "[docker][encoding]") {
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"busybox", "busybox", "latest"},
      {"busybox:1", "busybox", "1"},
      {"reg:5000/a/b", "reg:5000/a/b", "latest"},
      {"reg:5000/a/b:v2", "reg:5000/a/b", "v2"},
      {"a/b@sha256:00ff", "a/b", "sha256:00ff"},
      {"reg:5000/b:v2@sha256:00ff", "reg:5000/b", "sha256:00ff"},
  };
  for (const auto& [reference, repository, tag] : rows) {
    INFO(reference);
    const ImageName name = split_reference(reference);
    CHECK(name.repository == repository);
    CHECK(name.tag == tag);
  }
}

TEST_CASE("Frames become entries, wherever the reads split them", "[docker][output]") {
  const std::string line = stamp + " hello\n";
  const std::string bytes = frame(1, line) + frame(2, stamp + " ") + frame(1, stamp + " no end") +
                            frame(2, std::string("\0\n", 2));
  const std::vector<std::string> expected{"out:" + stamp + ":hello\n", "err:" + stamp + ":",
                                          "out:" + stamp + ":no end", std::string("err::\0\n", 7)};
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    INFO("cut at " << cut);
    CHECK(decode(LogDecoder::Format::framed, bytes.substr(0, cut), bytes.substr(cut)) == expected);
  }
  LogDecoder byte_by_byte(LogDecoder::Format::framed);
  std::vector<std::string> entries;
  for (const char byte : bytes) {
    byte_by_byte.feed(std::string(1, byte));
    for (auto& entry : drain(byte_by_byte)) entries.push_back(entry);
  }
  CHECK(entries == expected);
}

TEST_CASE("Text that only looks like a timestamp stays output", "[docker][output]") {
  for (const std::string text : {"hello world\n", "2024-01-02 x\n", "2024-01-02T03:04:0x.1Z y\n",
                                 "2024-01-02T03:04:05\nab cd\n", " x\n", ""}) {
    INFO(text);
    CHECK(decode(LogDecoder::Format::framed, frame(1, text)) ==
          std::vector<std::string>{"out::" + text});
  }
}

TEST_CASE("A stream without frames is an error", "[docker][output]") {
  using Format = LogDecoder::Format;
  for (const std::string& bytes : {std::string("HTTP/1.1 garbage"), std::string(8, '\0'),
                                   std::string("\1\0\1\0\0\0\0\1x", 9), frame(4, "x")}) {
    CHECK(decode(Format::framed, bytes).at(0).starts_with("! "));
  }
  CHECK(decode(Format::framed, std::string("\1\0\0\0\1\0\0\1", 8)).at(0).find("16 MiB") !=
        std::string::npos);
  CHECK(decode(Format::framed, std::string("\1\0\0\0\1\0\0\0", 8)).empty());
  CHECK(decode(Format::framed, frame(3, "Error grabbing logs: EOF\n")).at(0) ==
        "! Error grabbing logs: EOF");

  LogDecoder cut(Format::framed);
  cut.feed(frame(1, "whole") + frame(1, "cut").substr(0, 10));
  CHECK(drain(cut).size() == 1);
  CHECK(cut.last().failed_with(Fault::unavailable));
}

TEST_CASE("A terminal's output is split into lines", "[docker][output]") {
  using Format = LogDecoder::Format;
  const std::string bytes = stamp + " one\r\n" + stamp + " two\r\n";
  const std::vector<std::string> expected{"out:" + stamp + ":one\r\n", "out:" + stamp + ":two\r\n"};
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CHECK(decode(Format::bare, bytes.substr(0, cut), bytes.substr(cut)) == expected);
  }
  LogDecoder open_end(Format::bare);
  open_end.feed(stamp + " prompt> ");
  CHECK(drain(open_end).empty());
  const auto last = open_end.last();
  REQUIRE(last.ok());
  CHECK(last.value()->bytes == "prompt> ");
  CHECK_FALSE(open_end.last().value().has_value());
}

TEST_CASE("The daemon's pieces of a terminal's long line lose their timestamps",
          "[docker][output]") {
  const std::string piece(16384, 'x');
  const std::string bytes =
      stamp + " " + piece + stamp + " " + piece + stamp + " end\n" + stamp + " " + piece + "y\n";
  for (const std::size_t cut : {std::size_t{16384}, std::size_t{16415}, std::size_t{16420},
                                std::size_t{16446}, bytes.size()}) {
    INFO("cut at " << cut);
    const auto entries = decode(LogDecoder::Format::bare, bytes.substr(0, cut), bytes.substr(cut));
    REQUIRE(entries.size() == 4);
    CHECK(entries[0] == std::string("out:").append(stamp).append(":").append(piece));
    CHECK(entries[1] == entries[0]);
    CHECK(entries[2] == "out:" + stamp + ":end\n");
    CHECK(entries[3] == entries[0] + "y\n");
  }
}

TEST_CASE("A timestamp across the end of a line does not split it", "[docker][output]") {
  const std::string first = stamp + " " + std::string(16384, 'x') + "2024-01-02T03:04:05\n";
  const std::string bytes = first + "ab cd\n";
  for (const std::size_t cut : {std::size_t{0}, first.size() - 1, first.size(), first.size() + 3}) {
    INFO("cut at " << cut);
    const auto entries = decode(LogDecoder::Format::bare, bytes.substr(0, cut), bytes.substr(cut));
    REQUIRE(entries.size() == 2);
    CHECK(entries[1] == "out::ab cd\n");
  }
}

TEST_CASE("An empty error message of the daemon is reported too", "[docker][output]") {
  CHECK(decode(LogDecoder::Format::framed, frame(3, "")).front() ==
        "! the daemon ended the output without giving a reason");
}

TEST_CASE("The progress of a pull is printed in lines", "[docker][pull]") {
  const std::string report =
      "{\"status\":\"Pulling from a/b\",\"id\":\"latest\"}\r\n"
      "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"11\"}\r\n"
      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":12300000,\"total\":45600000},"
      "\"progress\":\"\\u001b[2K[=> ]\",\"id\":\"11\"}\r\n"
      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":20000000,\"total\":45600000},"
      "\"id\":\"11\"}\r\n"
      "{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"11\"}\r\n"
      "{\"status\":\"Download complete\",\"progressDetail\":{},\"id\":\"11\"}\r\n"
      "{\"status\":\"Digest: sha256:\\u001b00\"}";
  std::vector<std::string> lines;
  const auto keep = [&](const PullNews& news) { lines.push_back(news.line); };
  const std::vector<std::string> expected{"latest: Pulling from a/b", "11: Pulling fs layer",
                                          "Downloading 12.3 of 45.6 MB (27%)",
                                          "11: Download complete", "Digest: sha256: 00"};
  for (std::size_t cut = 0; cut <= report.size(); cut += 7) {
    lines.clear();
    PullProgress progress(keep, std::chrono::hours(1));
    REQUIRE(progress.feed(report.substr(0, cut)).ok());
    REQUIRE(progress.feed(report.substr(cut)).ok());
    REQUIRE(progress.finish().ok());
    CHECK(lines == expected);
  }
}

TEST_CASE("The progress of a pull is the sum over all layers", "[docker][pull]") {
  using namespace std::chrono_literals;
  Deadline now = Deadline() + 1h;
  std::vector<PullNews> news;
  PullProgress progress([&](const PullNews& one) { news.push_back(one); }, 1s, [&] { return now; });
  const auto report = [&](const char* layer, const char* status, double current, double total) {
    now += 400ms;
    const boost::json::object detail{{"current", current}, {"total", total}};
    const boost::json::object line{{"id", layer}, {"status", status}, {"progressDetail", detail}};
    REQUIRE(progress.feed(boost::json::serialize(line) + "\n").ok());
  };
  report("11", "Downloading", 10e6, 40e6);
  report("22", "Downloading", 20e6, 60e6);
  report("11", "Downloading", 20e6, 40e6);
  CHECK(news.size() == 1);
  report("22", "Downloading", 26e6, 60e6);
  report("11", "Download complete", 0, 0);
  report("11", "Extracting", 30e6, 40e6);
  report("22", "Downloading", 32e6, 60e6);
  report("33", "Downloading", 1e6, 0);
  std::vector<std::string> lines;
  for (const auto& one : news) lines.push_back(one.line);
  CHECK(lines == std::vector<std::string>{"Downloading 10.0 of 40.0 MB (25%)",
                                          "Downloading 46.0 of 100.0 MB (46%), 30.0 MB/s",
                                          "11: Download complete",
                                          "Extracting 30.0 of 40.0 MB (75%)",
                                          "Downloading 72.0 of 100.0 MB (72%), 21.7 MB/s"});
  CHECK(news.at(1).fraction == 0.46);
  CHECK_FALSE(news.at(2).fraction);
}

TEST_CASE("The progress of a pull has no percentage while a size is unknown", "[docker][pull]") {
  std::vector<PullNews> news;
  PullProgress again([&](const PullNews& one) { news.push_back(one); }, Duration::zero());
  const auto feed = [&](const char* line) {
    REQUIRE(again.feed(std::string(line) + "\n").ok());
    return news.back().line.substr(0, news.back().line.find(','));
  };
  CHECK(feed(R"({"status":"Downloading","progressDetail":{"current":5e6,"total":9e6},"id":"1"})") ==
        "Downloading 5.0 of 9.0 MB (56%)");
  CHECK(feed(R"({"status":"Retrying in 5 seconds","id":"1"})") == "1: Retrying in 5 seconds");
  CHECK(feed(R"({"status":"Downloading","progressDetail":{"current":1e6},"id":"1"})") ==
        "Downloading 1.0 MB");
  CHECK_FALSE(news.back().fraction);
}

TEST_CASE("A failed pull reports the daemon's message", "[docker][pull]") {
  const std::tuple<std::string, Fault, std::string> rows[] = {
      {R"({"errorDetail":{"message":"manifest for x:1 not found: manifest unknown"},"error":"e"})",
       Fault::not_found, "manifest for x:1 not found: manifest unknown"},
      {R"({"error":"pull access denied for x"})", Fault::not_found, "pull access denied for x"},
      {R"({"error":"unauthorized: authentication required"})", Fault::not_found,
       "unauthorized: authentication required"},
      {R"({"error":"Get https://r/v2/: dial tcp: connection refused"})", Fault::refused,
       "Get https://r/v2/: dial tcp: connection refused"},
      {R"({"error":"write /x: no space\nleft"})", Fault::refused, "write /x: no space left"},
      {"nonsense", Fault::unavailable, ""},
      {"[1]", Fault::unavailable, ""},
      {R"({"status":"cut)", Fault::unavailable, ""},
  };
  for (const auto& [report, fault, text] : rows) {
    INFO(report);
    PullProgress progress(nullptr, Duration::zero());
    REQUIRE(progress.feed(report).ok());
    const Status end = progress.finish();
    REQUIRE(end.failed_with(fault));
    if (!text.empty()) CHECK(end.failure().text == text);
  }
  PullProgress endless(nullptr, Duration::zero());
  CHECK(endless.feed(std::string((1U << 20) + 1, ' ')).failed_with(Fault::unavailable));
}

TEST_CASE("An error reply means what its status and text say", "[docker][answers]") {
  struct Row {
    const ApiCall& call;
    int status;
    Fault fault;
    std::string words;
  };
  const Row rows[] = {
      {create_call, 404, Fault::not_found, "No such image: nope:latest"},
      {create_call, 404, Fault::refused, "No such container: other"},
      {create_call, 409, Fault::conflict, "Conflict. The container name \"/x\" is already in use"},
      {create_call, 500, Fault::conflict,
       "Conflict. The name \"x\" is already in use by container 12"},
      {create_call, 400, Fault::conflict,
       "Conflict. The name \"x\" is already in use by container 12"},
      {create_call, 500, Fault::conflict,
       "the container name \"x\" is already in use by 12. You have"},
      {create_call, 400, Fault::refused, "invalid mount config"},
      {create_call, 500, Fault::refused, "--storage-opt is supported only for overlay over xfs"},
      {create_call, 500, Fault::refused, "invalid volume specification: '/x:/'"},
      {create_call, 500, Fault::unavailable, "transport: error while dialing: dial unix"},
      {create_call, 500, Fault::unavailable, "context deadline exceeded"},
      {create_call, 503, Fault::unavailable, "no backend"},
      {create_call, 500, Fault::unavailable, ""},
      {start_call, 404, Fault::not_found, "No such container: x"},
      {start_call, 404, Fault::refused, "No such container: the-other"},
      {start_call, 404, Fault::refused, "network foo not found"},
      {start_call, 400, Fault::refused, "exec: \"nope\": executable file not found in $PATH"},
      {start_call, 500, Fault::refused, "driver failed: port is already allocated"},
      {start_call, 409, Fault::refused, "marked for removal"},
      {start_call, 502, Fault::unavailable, ""},
      {inspect_call, 404, Fault::not_found, "No such container: x"},
      {inspect_call, 404, Fault::refused, "page not found"},
      {inspect_call, 500, Fault::unavailable, "layer does not exist"},
      {inspect_call, 301, Fault::unavailable, ""},
      {image_call, 404, Fault::not_found, "No such image: y:1"},
      {wait_call, 404, Fault::not_found, "no such container"},
      {update_call, 409, Fault::conflict, "Cannot update container x: conflict"},
      {update_call, 404, Fault::not_found, "No such container: x"},
      {update_call, 404, Fault::unsupported, ""},
      {update_call, 405, Fault::unsupported, "Method Not Allowed"},
      {update_call, 400, Fault::refused, "Minimum memory limit allowed is 6MB"},
      {log_call, 501, Fault::refused, "configured logging driver does not support reading"},
      {pull_call, 404, Fault::not_found, "pull access denied for x"},
      {pull_call, 500, Fault::refused, "Get https://r/v2/: dial tcp: no route to host"},
      {pull_call, 503, Fault::unavailable, ""},
  };
  for (const Row& row : rows) {
    INFO(row.call.attempt << " " << row.status << " " << row.words);
    const std::string body =
        row.words.empty() ? "oops"
                          : boost::json::serialize(boost::json::object{{"message", row.words}});
    const Failure reported = failure(row.call, "x", Answer{row.status, body, ""});
    CHECK(reported.fault == row.fault);
    CHECK(reported.text.starts_with("cannot " + std::string(row.call.attempt) + " x: "));
    if (!row.words.empty()) CHECK(reported.text.ends_with(row.words));
  }
}

TEST_CASE("Podman's refusals to create are refused", "[docker][answers]") {
  const auto fault_of = [](const ApiCall& call, const std::string& words) {
    const boost::json::object body{{"message", words}, {"cause", "why"}, {"response", 500}};
    return failure(call, "x", Answer{500, boost::json::serialize(body), ""}).fault;
  };
  CHECK(fault_of(create_call, "container create: network not found") == Fault::refused);
  CHECK(fault_of(create_call, "the name \"x\" is already in use by 12") == Fault::conflict);
  CHECK(fault_of(create_call, "context canceled") == Fault::unavailable);
  CHECK(fault_of(remove_call, "device or resource busy") == Fault::unavailable);
}

TEST_CASE("Replies to inspect are reduced to facts", "[docker][answers]") {
  const auto document = parse_json(R"({
    "Id": "0123", "Name": "/mesos-x",
    "State": {"Status": "exited", "OOMKilled": true, "ExitCode": 137, "Error": "why\n", "Pid": 0,
              "StartedAt": "2024-01-01T00:00:00Z", "FinishedAt": "2024-01-02T00:00:00Z"},
    "Config": {"Labels": {"a": "b"}, "StopSignal": "SIGQUIT", "Tty": true}})");
  REQUIRE(document);
  const auto facts = read_inspect(*document);
  REQUIRE(facts);
  CHECK(facts->id == "0123");
  CHECK(facts->name == "mesos-x");
  CHECK(facts->status == "exited");
  CHECK(facts->labels == std::map<std::string, std::string>{{"a", "b"}});
  CHECK(facts->started);
  CHECK(facts->oom_killed);
  CHECK(facts->exit_code == 137);
  CHECK(facts->error == "why");
  CHECK(facts->stop_signal == "SIGQUIT");
  CHECK(facts->finished_at == "2024-01-02T00:00:00Z");
  CHECK(has_terminal(*document));

  const auto bare = read_inspect(*parse_json(
      R"({"Id":"1","State":{"Status":"created","StartedAt":"0001-01-01T00:00:00Z"},"Config":null})"));
  REQUIRE(bare);
  CHECK_FALSE(bare->started);
  const auto of_podman = read_inspect(*parse_json(R"({"Id":"1","State":{"Status":"stopped"}})"));
  REQUIRE(of_podman);
  CHECK(of_podman->status == "exited");
  for (const std::string text : {"[]", "{}", R"({"Id":"1"})", R"({"Id":1,"State":{"Status":"x"}})",
                                 R"({"Id":"1","State":[]})", "null", "1"}) {
    INFO(text);
    CHECK_FALSE(read_inspect(*parse_json(text)));
  }
}

TEST_CASE("Lists name a container by its own name, not by a link's", "[docker][answers]") {
  const auto list = read_list(*parse_json(
      R"([{"Id":"1","Names":["/other/alias","/own"],"State":"running","Labels":{"k":"v"}},
          {"Id":"2","Names":null,"State":"dead","Labels":null}])"));
  REQUIRE(list);
  REQUIRE(list->size() == 2);
  CHECK(list->at(0).name == "own");
  CHECK(list->at(0).labels.at("k") == "v");
  CHECK(list->at(1).name.empty());
  CHECK_FALSE(read_list(*parse_json("{}")));
  CHECK_FALSE(read_list(*parse_json(R"([{"Id":"1"}])")));
}

TEST_CASE("Responses are read wherever the reads split them", "[docker][http]") {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ResponseReader reader(ResponseReader::Body::endless);
    std::string body;
    REQUIRE(reader.feed(bytes.substr(0, cut)).ok());
    body += reader.take_body();
    CHECK(reader.complete() == (cut == bytes.size()));
    REQUIRE(reader.feed(bytes.substr(cut)).ok());
    body += reader.take_body();
    CHECK(reader.complete());
    CHECK(reader.connection_free());
    CHECK(reader.status() == 200);
    CHECK(reader.header("api-version") == "1.41");
    CHECK(body == "hello, world");
  }
}

TEST_CASE("A chunked response without a body is read byte by byte", "[docker][http]") {
  const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    INFO("bytes alone from " << cut);
    ResponseReader reader(ResponseReader::Body::whole);
    REQUIRE(reader.feed(bytes.substr(0, cut)).ok());
    for (std::size_t i = cut; i < bytes.size(); ++i) {
      CHECK_FALSE(reader.complete());
      REQUIRE(reader.feed(bytes.substr(i, 1)).ok());
    }
    CHECK(reader.complete());
    CHECK(reader.connection_free());
    CHECK(reader.take_body().empty());
  }
}

TEST_CASE("A chunk of an endless body may have any size, wherever the reads split it",
          "[docker][http]") {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\nhello";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    INFO("cut at " << cut);
    ResponseReader reader(ResponseReader::Body::endless);
    REQUIRE(reader.feed(bytes.substr(0, cut)).ok());
    REQUIRE(reader.feed(bytes.substr(cut)).ok());
    CHECK(reader.take_body() == "hello");
  }
}

TEST_CASE("Responses beyond the limits are refused", "[docker][http]") {
  const auto feed = [](const std::string& bytes) {
    ResponseReader reader(ResponseReader::Body::whole);
    return reader.feed(bytes).ok();
  };
  CHECK_FALSE(feed("no HTTP at all\r\n\r\n"));
  CHECK_FALSE(feed("HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x') + "\r\n\r\n"));
  CHECK(feed("HTTP/1.1 200 OK\r\nX: " + std::string(60000, 'x') + "\r\n\r\n"));
  CHECK_FALSE(feed("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n"));
  CHECK_FALSE(feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n"));
  CHECK_FALSE(feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"));
  CHECK_FALSE(
      feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(100000, 'x')));

  ResponseReader excess(ResponseReader::Body::whole);
  REQUIRE(excess.feed("HTTP/1.1 204 No Content\r\n\r\nmore").ok());
  CHECK(excess.complete());
  CHECK_FALSE(excess.connection_free());
  ResponseReader closing(ResponseReader::Body::whole);
  REQUIRE(closing.feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").ok());
  CHECK(closing.complete());
  CHECK_FALSE(closing.connection_free());
}

TEST_CASE("Warnings in a reply are read, each in one line", "[docker][answers]") {
  const auto read = [](const char* text) { return read_warnings(*parse_json(text)); };
  CHECK(read(R"({"Id":"x","Warnings":["a weight\nis discarded","",7,"ports"]})") ==
        std::vector<std::string>{"a weight is discarded", "ports"});
  CHECK(read(R"({"Id":"x","Warnings":null})").empty());
  CHECK(read(R"({"Id":"x"})").empty());
  CHECK(read("[]").empty());
}

TEST_CASE("The ports that an image declares are read in order", "[docker][answers]") {
  const auto read = [](const char* text) { return read_exposed_ports(*parse_json(text)); };
  CHECK(read(R"({"Config":{"ExposedPorts":{"8080/tcp":{},"53/udp":{},"53/tcp":{},"80":{}}}})") ==
        ExposedPorts{{53, {"tcp", "udp"}}, {80, {"tcp"}}, {8080, {"tcp"}}});
  CHECK(read(R"({"Config":{"ExposedPorts":{"x/tcp":{},"70000/tcp":{}}}})").empty());
  CHECK(read(R"({"Config":{"ExposedPorts":null}})").empty());
  CHECK(read(R"({"Config":{}})").empty());
  CHECK(read("{}").empty());
}

TEST_CASE("The daemon's report about itself", "[docker][answers]") {
  const auto info = read_info(*parse_json(
      R"({"ServerVersion": "20.10.24", "LiveRestoreEnabled": true, "LoggingDriver": "json-file",
          "Driver": "overlay2", "CgroupVersion": "2", "CgroupDriver": "systemd",
          "OperatingSystem": "Debian", "KernelVersion": "6.1"})"));
  REQUIRE(info);
  CHECK(info->version == "20.10.24");
  CHECK(info->live_restore);
  CHECK(info->log_driver == "json-file");
  CHECK(info->storage_driver == "overlay2");
  CHECK(info->cgroup_version == "2");
  CHECK(info->cgroup_driver == "systemd");
  // Older daemons do not report everything.
  CHECK(read_info(*parse_json(R"({"ServerVersion": "1.12"})"))->cgroup_version.empty());
  CHECK_FALSE(read_info(*parse_json("[]")));
  CHECK_FALSE(read_info(*parse_json("{}")));
}

TEST_CASE("Signals in the daemon's events", "[docker][answers]") {
  const std::string event = R"({"Action":"kill","Actor":{"ID":"1","Attributes":{"signal":"15"}}})";
  const std::string other = R"({"Action":"kill","Actor":{"ID":"1","Attributes":{"signal":"9"}}})";
  CHECK(read_signals("").empty());
  CHECK(read_signals(event) == std::vector<int>{15});
  CHECK(read_signals(event + "\n" + other + "\n") == std::vector<int>{15, 9});
  CHECK(read_signals("nonsense\n{}\n[1]\n" + other) == std::vector<int>{9});
  CHECK(read_signals(R"({"Actor":{"Attributes":{"signal":"KILL"}}})").empty());
}
