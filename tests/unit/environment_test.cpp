#include "host/environment.h"

#include <catch2/catch.hpp>

using namespace containerizer;

TEST_CASE("an environment is packed and unpacked without loss") {
  const Environment environment{{"A", "1"},          {"EMPTY", ""},
                                {"EQUALS", "a=b=c"}, {"LINES", "one\ntwo\n"},
                                {"UTF8", "ü"},       {"AA", "prefix of a name"}};
  const auto packed = pack_environment(environment);
  CHECK(packed.find(std::string("A=1\0", 4)) != std::string::npos);
  CHECK(packed.back() == '\0');
  CHECK(unpack_environment(packed) == environment);
  CHECK(pack_environment({}).empty());
  CHECK(unpack_environment("").empty());
}

TEST_CASE("an environment that was cut is read up to the cut") {
  const auto packed = pack_environment({{"A", "1"}, {"B", "22"}});
  for (std::size_t length = 0; length <= packed.size(); ++length) {
    INFO(length);
    const auto part = unpack_environment(packed.substr(0, length));
    CHECK(part.size() <= 2);
    if (length >= 4) CHECK(part.at("A") == "1");
  }
  CHECK(unpack_environment(std::string("\0\0no equals\0=x\0", 16)).count("no equals") == 0);
}
