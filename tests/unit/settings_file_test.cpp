// The operator's settings file: reading without sh gives the same result as sh.
#include "engine/config/settings_file.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <string>

#include "tests/unit/temporary_directory.h"

using namespace containerizer;

namespace {

using Variables = std::map<std::string, std::string>;

// The environment after sh has read the script.
Variables read_by_sh(const std::string& script) {
  const TemporaryDirectory directory;
  write_file(directory / "environment.sh", script);
  const auto command = "env -i /bin/sh -c 'set -a; . \"$0\"; exec env -0' " +
                       (directory / "environment.sh") + " > " + (directory / "out");
  REQUIRE(std::system(command.c_str()) == 0);
  const auto out = content_of(directory / "out");
  Variables variables;
  for (std::size_t begin = 0; begin < out.size();) {
    const auto end = out.find('\0', begin);
    const auto sign = out.find('=', begin);
    variables[out.substr(begin, sign - begin)] = out.substr(sign + 1, end - sign - 1);
    begin = end + 1;
  }
  // Variables that sh sets itself.
  for (const auto* name : {"PWD", "OLDPWD", "_"}) variables.erase(name);
  return variables;
}

const char* const plain[] = {
    "",
    "# nothing\n\n   # but words\n",
    "A=1",
    "A=1\nB=2\nA=3\n",
    "  A=1  \n\tB=2\t# two\n",
    "export A=1\nexport  B='2 3' # four\n",
    "A=\nB=''\nC=\"\"\n",
    "CONTAINERIZER_DOCKER_ARGS='-H unix:///var/run/docker.sock --tlsverify=false'\n",
    "CONTAINERIZER_DOCKER_ARGS=-H=tcp://127.0.0.1:2375\n",
    "A='$HOME `pwd` \\ \" # no comment'\n",
    "A=\"it's # no comment\"\n",
    "A=a'b'\"c\"d\n",
    "A=b=c\n_x9=docker:///ubuntu:13.04,x@y%z+1-2\n",
};

const char* const others[] = {
    "A=$B\n",
    "A=\"$B\"\n",
    "A=`pwd`\n",
    "A=\"`pwd`\"\n",
    "A=\"a\\\\b\"\n",
    "A=a\\ b\n",
    "A=~/x\n",
    "A=/a:~/x\n",
    "A=*\n",
    "A=1;B=2\n",
    "A=1 B=2\n",
    "A=1 &\n",
    "A=1#2\n",
    "A='1'#2\n",
    "A= command\n",
    "A=1 command\n",
    "A='one\ntwo'\n",
    "A=\"one\ntwo\"\n",
    "A=1\r\n",
    "export A\n",
    "export A=1 B=2\n",
    "unset A\n",
    "9A=1\n",
    "A-B=1\n",
    "A+=1\n",
    "=1\n",
    ". other.sh\n",
    "if true; then A=1; fi\n",
    "OPTIND=x\n",
};

}  // namespace

TEST_CASE("a settings file of plain assignments is read as sh reads it", "[environment]") {
  for (const std::string script : plain) {
    CAPTURE(script);
    const auto read = plain_assignments(script);
    REQUIRE(read);
    Variables variables;
    for (const auto& [name, value] : *read) variables[name] = value;
    CHECK(variables == read_by_sh(script));
  }
}

TEST_CASE("sh reads a settings file with more than assignments", "[environment]") {
  for (const std::string script : others) {
    CAPTURE(script);
    CHECK_FALSE(plain_assignments(script));
    CHECK_FALSE(plain_assignments("B=2\n" + script));
  }
}

TEST_CASE("sh reads a settings file with a zero byte", "[environment]") {
  CHECK_FALSE(plain_assignments(std::string_view("A=\"1\0002\"\n", 8)));
  CHECK_FALSE(plain_assignments(std::string_view("# \0\nA=1\n", 8)));
}
