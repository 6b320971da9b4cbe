#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "engine/translation/run_flags/flag_translation.h"

using namespace containerizer;
namespace json = boost::json;
using Words = std::vector<std::string>;

namespace {

google::protobuf::RepeatedPtrField<std::string> repeated(const Words& words) {
  return {words.begin(), words.end()};
}

// The flags as "name=value" lines, or the refusal.
std::string parsed(const Words& words) {
  const auto options = parse_run_options(repeated(words));
  if (!options.ok()) return options.failure().text;
  std::string result;
  for (const RunFlag& flag : options.value().flags) result += flag.name + "=" + flag.value + "\n";
  return result;
}

// The create request for the flags, from a body with only a network. Or the refusal.
std::string applied(const Words& words) {
  const auto options = parse_run_options(repeated(words));
  if (!options.ok()) return options.failure().text;
  CreateRequest request;
  field(request.body, "HostConfig.NetworkMode") = "net";
  const Status status = apply_run_flags(options.value().flags, request);
  if (!status.ok()) return status.failure().text;
  json::object& host = object_at(request.body, "HostConfig");
  if (host["NetworkMode"] == "net") host.erase("NetworkMode");
  if (host.empty()) request.body.erase("HostConfig");
  return json::serialize(request.body);
}

}  // namespace

TEST_CASE("a command line is read in all its forms") {
  struct Case {
    Words words;
    std::string flags;
  };
  const auto example = GENERATE(values<Case>({
      {{}, ""},
      {{"-e", "X=Y"}, "env=X=Y\n"},
      {{"-eX=Y"}, "env=X=Y\n"},
      {{"-e=X=Y"}, "env=X=Y\n"},
      {{"--env", "X=Y"}, "env=X=Y\n"},
      {{"--env=X=Y"}, "env=X=Y\n"},
      {{"--env="}, "env=\n"},
      {{"-e", "GREETING=hello", "-v", "/srv:/srv"}, "env=GREETING=hello\nvolume=/srv:/srv\n"},
      {{"-e", "-v"}, "env=-v\n"},
      {{"-e", "//"}, "env=//\n"},
      {{"--privileged", "-P"}, "privileged=true\npublish-all=true\n"},
      {{"--privileged=false", "-P=0"}, "privileged=false\npublish-all=0\n"},
      {{"-Pe", "X=Y"}, "publish-all=true\nenv=X=Y\n"},
      {{"-PeX=Y"}, "publish-all=true\nenv=X=Y\n"},
      {{"--net=host", "--net-alias", "a"}, "network=host\nnetwork-alias=a\n"},
      // An element with spaces is split like a shell's line where a flag is expected …
      {{"-v /a:/b"}, "volume=/a:/b\n"},
      {{" -v /a:/b  --net host "}, "volume=/a:/b\nnetwork=host\n"},
      {{"-e X='a b' -e Y=\"c \\\" d\" -e Z=e\\ f"}, "env=X=a b\nenv=Y=c \" d\nenv=Z=e f\n"},
      {{"-e A=\"\\n\" -e B=''"}, "env=A=\\n\nenv=B=\n"},
      {{"-P -e", "X=a b"}, "publish-all=true\nenv=X=a b\n"},
      // … and is the value where a value is expected.
      {{"-e", "X=a b 'c"}, "env=X=a b 'c\n"},
      {{"-eX='a"}, "env=X='a\n"},
  }));
  CAPTURE(example.words);
  CHECK(parsed(example.words) == example.flags);
}

TEST_CASE("two slashes end the flags and give the command") {
  const auto command = [](const Words& words) {
    return parse_run_options(repeated(words)).value();
  };
  CHECK(command({"-P", "//", "echo", "a b", "--privileged", "//"}).command ==
        Words{"echo", "a b", "--privileged", "//"});
  CHECK(command({"-P // echo 'a b'", "c d"}).command == Words{"echo", "a b", "c d"});
  CHECK(command({"//"}).command == Words{});
  CHECK(!command({"-P"}).command);
}

TEST_CASE("a command line that cannot be read is refused") {
  struct Case {
    Words words;
    std::string text;
  };
  const auto example = GENERATE(values<Case>({
      {{"--frobnicate"}, "\"--frobnicate\": unknown flag"},
      {{"--frobnicate=secret"}, "\"--frobnicate\": unknown flag"},
      {{"-Z"}, "\"-Z\": unknown flag"},
      {{"-P", "word"}, "argument 2"},
      {{"-e X=a b"}, "argument 3"},
      {{""}, "argument 1"},
      {{"-"}, "argument 1"},
      {{"--"}, "argument 1"},
      {{"-P", "-e"}, "--env: its value is missing"},
      {{"-e 'X=a b"}, "quote"},
      {{"-e X=a\\"}, "backslash"},
  }));
  CAPTURE(example.words);
  CHECK_THAT(parsed(example.words), Catch::Contains(example.text));
}

TEST_CASE("flags that cannot be applied are refused with the reason") {
  const auto word =
      GENERATE(as<std::string>(), "-a", "--cidfile", "--cpu-count", "--detach-keys", "--env-file",
               "--gpus", "-i", "--interactive", "--io-maxiops", "--label-file", "--name",
               "--platform", "-q", "--sig-proxy=false", "-i", "-it", "--use-api-socket", "--help",
               "--disable-content-trust=false", "--rm=maybe");
  CAPTURE(word);
  const auto refused = parse_run_options(repeated({word, "value"}));
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.size() > 30);
  CHECK(refused.failure().text.find("unknown flag") == std::string::npos);
}

TEST_CASE("parameters are flags by their long names") {
  google::protobuf::RepeatedPtrField<mesos::Parameter> parameters;
  const auto add = [&](const std::string& key, const std::string& value) {
    auto& parameter = *parameters.Add();
    parameter.set_key(key);
    parameter.set_value(value);
  };
  add("net", "n");
  add("env", "A=b c");
  const auto options = parse_parameters(parameters);
  REQUIRE(options.ok());
  REQUIRE(options.value().flags.size() == 2);
  CHECK(options.value().flags[0].name == "network");
  CHECK(options.value().flags[1].value == "A=b c");
  CHECK(has_flag(options.value().flags, "env"));
  CHECK(!has_flag(options.value().flags, "publish"));

  add("e", "A=b");
  CHECK(parse_parameters(parameters).failed_with(Fault::refused));
}

// Each expectation is the body that docker 28.2.2 sends to a daemon with API 1.41.
TEST_CASE("flags set the same fields as docker's command line") {
  struct Case {
    Words words;
    std::string body;
  };
  const auto example = GENERATE(values<Case>({
      {{"--add-host", "a=::1", "--add-host", "b:1.2.3.4"},
       R"({"HostConfig":{"ExtraHosts":["a:::1","b:1.2.3.4"]}})"},
      {{"--add-host=a=[::1]"}, R"({"HostConfig":{"ExtraHosts":["a:::1"]}})"},
      {{"--cap-add=SYS_TIME", "--cap-add=chown", "--cap-add=CAP_CHOWN", "--cap-drop=all"},
       R"({"HostConfig":{"CapAdd":["CAP_CHOWN","CAP_SYS_TIME"],"CapDrop":["ALL"]}})"},
      {{"--cpu-shares=0x200", "--cpu-period=0o17", "--cpu-quota=-1_000", "--pids-limit=+010"},
       R"({"HostConfig":{"CpuShares":512,"CpuPeriod":15,"CpuQuota":-1000,"PidsLimit":8}})"},
      {{"--cpu-shares=0b_1_1", "--pids-limit=0"},
       R"({"HostConfig":{"CpuShares":3,"PidsLimit":0}})"},
      {{"--cpus=1.0000000010"}, R"({"HostConfig":{"NanoCpus":1000000001}})"},
      {{"--device-cgroup-rule", "c 1:* rw"},
       R"({"HostConfig":{"DeviceCgroupRules":["c 1:* rw"]}})"},
      {{"--dns=2001:0DB8::0001", "--dns", " 1.1.1.1"},
       R"({"HostConfig":{"Dns":["2001:db8::1","1.1.1.1"]}})"},
      {{"--dns-search=.", "--dns-search=a-1.Example."},
       R"({"HostConfig":{"DnsSearch":[".","a-1.Example"]}})"},
      {{"--blkio-weight=300", "--blkio-weight-device=/dev/sda:200"},
       R"({"HostConfig":{"BlkioWeight":300,"BlkioWeightDevice":[{"Path":"/dev/sda","Weight":200}]}})"},
      {{"-c", "512", "--cpus=1.5", "--cpuset", "0-1"},
       R"({"HostConfig":{"CpuShares":512,"NanoCpus":1500000000,"CpusetCpus":"0-1"}})"},
      {{"--device=/dev/a", "--device=/dev/a:rw", "--device=/dev/a:/dev/b:r"},
       R"({"HostConfig":{"Devices":[
         {"PathOnHost":"/dev/a","PathInContainer":"/dev/a","CgroupPermissions":"rwm"},
         {"PathOnHost":"/dev/a","PathInContainer":"/dev/a","CgroupPermissions":"rw"},
         {"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"r"}]}})"},
      {{"--device-read-bps=/dev/sda:1mb", "--device-write-iops=/dev/sda:7"},
       R"({"HostConfig":{"BlkioDeviceReadBps":[{"Path":"/dev/sda","Rate":1048576}],
                         "BlkioDeviceWriteIOps":[{"Path":"/dev/sda","Rate":7}]}})"},
      {{"--dns=1.1.1.1", "--dns=2.2.2.2", "--dns-opt=x"},
       R"({"HostConfig":{"Dns":["1.1.1.1","2.2.2.2"],"DnsOptions":["x"]}})"},
      {{"--entrypoint", "/bin/x"}, R"({"Entrypoint":["/bin/x"]})"},
      {{"--entrypoint="}, R"({"Entrypoint":[""]})"},
      {{"-eA=b", "-eC=d", "-eA=e=f", "-eG="}, R"({"Env":["A=e=f","C=d","G="]})"},
      {{"--expose=80", "--expose=90-91/udp"},
       R"({"ExposedPorts":{"80/tcp":{},"90/udp":{},"91/udp":{}}})"},
      {{"--health-cmd", "a b", "--health-interval=1m30s", "--health-timeout=1.5h",
        "--health-start-period=500ms", "--health-retries=3"},
       R"({"Healthcheck":{"Test":["CMD-SHELL","a b"],"Interval":90000000000,"Retries":3,
                          "StartPeriod":500000000,"Timeout":5400000000000}})"},
      {{"--health-cmd=a", "--health-cmd=", "--health-retries=3"},
       R"({"Healthcheck":{"Retries":3}})"},
      {{"--no-healthcheck"}, R"({"Healthcheck":{"Test":["NONE"]}})"},
      {{"--init"}, R"({"HostConfig":{"Init":true}})"},
      {{"--init=false"}, R"({"HostConfig":{"Init":false}})"},
      {{"--ip=10.0.0.2", "--ip6=::2", "--network-alias=a", "--net-alias=b"},
       R"({"NetworkingConfig":{"EndpointsConfig":{"net":{"Aliases":["a","b"],
             "IPAMConfig":{"IPv4Address":"10.0.0.2","IPv6Address":"::2"}}}}})"},
      {{"--link=a:b"}, R"({"HostConfig":{"Links":["a:b"]},
           "NetworkingConfig":{"EndpointsConfig":{"net":{"Links":["a:b"]}}}})"},
      {{"-la.b=c=d", "--label", "e"}, R"({"Labels":{"a.b":"c=d","e":""}})"},
      {{"--log-driver=local", "--log-opt=max-size=10m"},
       R"({"HostConfig":{"LogConfig":{"Type":"local","Config":{"max-size":"10m"}}}})"},
      {{"-m", "1.5g", "--memory-reservation=32M", "--memory-swap=-1", "--shm-size=1kib"},
       R"({"HostConfig":{"Memory":1610612736,"MemoryReservation":33554432,"MemorySwap":-1,
                         "ShmSize":1024}})"},
      {{"-m", "512m", "-m", "100"}, R"({"HostConfig":{"Memory":100}})"},
      {{"--mount=type=bind,src=/a,dst=/b,ro,bind-propagation=rslave"},
       R"({"HostConfig":{"Mounts":[{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,
                                    "BindOptions":{"Propagation":"rslave"}}]}})"},
      {{"--mount=source=v,target=/d,volume-driver=x,volume-opt=a=b,volume-nocopy"},
       R"({"HostConfig":{"Mounts":[{"Type":"volume","Source":"v","Target":"/d","VolumeOptions":
           {"NoCopy":true,"DriverConfig":{"Name":"x","Options":{"a":"b"}}}}]}})"},
      {{"--mount=type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1777"},
       R"({"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/t","TmpfsOptions":
           {"SizeBytes":67108864,"Mode":1023}}]}})"},
      {{"--mount=TYPE=Bind,\"source=/a,\"\"b\"\"\",target=/b,bind-recursive=disabled"},
       R"({"HostConfig":{"Mounts":[{"Type":"bind","Source":"/a,\"b\"","Target":"/b",
                                    "BindOptions":{"NonRecursive":true}}]}})"},
      {{"--network=name=net,alias=a,Alias=b,ip=10.0.0.2,link-local-ip=fe80::2,driver-opt=c=d",
        "--ip6=::2"},
       R"({"NetworkingConfig":{"EndpointsConfig":{"net":{"Aliases":["a","b"],
             "IPAMConfig":{"IPv4Address":"10.0.0.2","IPv6Address":"::2",
                           "LinkLocalIPs":["fe80::2"]},"DriverOpts":{"c":"d"}}}}})"},
      {{"--net=host"}, R"({"HostConfig":{"NetworkMode":"host"}})"},
      {{"--pids-limit=-1", "--oom-score-adj", "-5"},
       R"({"HostConfig":{"PidsLimit":-1,"OomScoreAdj":-5}})"},
      {{"-p80"}, R"({"ExposedPorts":{"80/tcp":{}},
                     "HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":""}]}}})"},
      {{"-p127.0.0.1:53:54/UDP", "-p55:54/udp"},
       R"({"ExposedPorts":{"54/udp":{}},"HostConfig":{"PortBindings":{"54/udp":[
           {"HostIp":"127.0.0.1","HostPort":"53"},{"HostIp":"","HostPort":"55"}]}}})"},
      {{"-p[::1]::80"}, R"({"ExposedPorts":{"80/tcp":{}},
           "HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"::1","HostPort":""}]}}})"},
      {{"-p8000-8001:80-81"}, R"({"ExposedPorts":{"80/tcp":{},"81/tcp":{}},
           "HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8000"}],
                                         "81/tcp":[{"HostIp":"","HostPort":"8001"}]}}})"},
      {{"-p8000-8002:80"}, R"({"ExposedPorts":{"80/tcp":{}},
           "HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8000-8002"}]}}})"},
      {{"-p0:80"}, R"({"ExposedPorts":{"80/tcp":{}},
                     "HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"0"}]}}})"},
      {{"-ptarget=80,published=81,protocol=udp"}, R"({"ExposedPorts":{"80/udp":{}},
                     "HostConfig":{"PortBindings":{"80/udp":[{"HostIp":"","HostPort":"81"}]}}})"},
      {{"--restart=no"}, "{}"},
      {{"--security-opt=no-new-privileges", "--security-opt=seccomp=unconfined"},
       R"({"HostConfig":{"SecurityOpt":["no-new-privileges","seccomp=unconfined"]}})"},
      {{"--security-opt=systempaths=unconfined"},
       R"({"HostConfig":{"MaskedPaths":[],"ReadonlyPaths":[]}})"},
      {{"--sysctl=net.core.somaxconn=1024"},
       R"({"HostConfig":{"Sysctls":{"net.core.somaxconn":"1024"}}})"},
      {{"--tmpfs=/t", "--tmpfs=/u:rw,size=64m"},
       R"({"HostConfig":{"Tmpfs":{"/t":"","/u":"rw,size=64m"}}})"},
      {{"--ulimit=nofile=10", "--ulimit=core=-1", "--ulimit=nofile=10:20"},
       R"({"HostConfig":{"Ulimits":[{"Name":"core","Soft":-1,"Hard":-1},
                                    {"Name":"nofile","Soft":10,"Hard":20}]}})"},
      {{"-u1:2", "-w", "/w", "-h", "name", "--stop-signal=SIGINT", "--stop-timeout=7"},
       R"({"User":"1:2","WorkingDir":"/w","Hostname":"name","StopSignal":"SIGINT","StopTimeout":7})"},
      {{"-v/a:/b", "-v", "name:/c:ro,z", "-v/d"},
       R"({"HostConfig":{"Binds":["/a:/b","name:/c:ro,z"]},"Volumes":{"/d":{}}})"},
  }));
  CAPTURE(example.words);
  const std::string body = applied(example.words);
  CAPTURE(body);
  REQUIRE(body.starts_with('{'));
  CHECK(json::parse(body) == json::parse(example.body));
}

TEST_CASE("malformed values are refused with flag and value") {
  const auto word = GENERATE(
      as<std::string>(), "--add-host=x", "--blkio-weight=x", "--blkio-weight-device=/dev/sda",
      "--cpus=-1", "--cpus=1x", "--cpus=1.2.3", "--cpus=", "--device=null", "--device=/dev/a:/b:x",
      "--device-read-bps=/dev/sda:-1", "--env=X", "--env==x", "--expose=0", "--expose=70000",
      "--expose=80/icmp", "--health-interval=10", "--health-interval=1", "--health-retries=3.5",
      "--init=maybe", "--label==x", "--memory=", "--memory=1x", "--memory=1kk", "--memory=-1",
      "--memory=99999999999g", "--mount=target=b", "--mount=type=bind,foo=bar,target=/b",
      "--mount=type=bind,source=/a", "--publish=", "--publish=80:", "--publish=a:80",
      "--publish=70000:80", "--publish=8000-8001:80-82", "--publish=8002-8000:80-82",
      "--publish=53:53/icmp", "--privileged=yes", "--pull=never", "--restart=always",
      "--restart=on-failure:3", "--security-opt=seccomp=/etc/passwd", "--stop-timeout=-1",
      "--tmpfs=t", "--ulimit=nofile", "--ulimit=nofile=x", "--ulimit=nofile=1:2:3", "--volume=b",
      "--volume=./a:/b", "--volume=/a:/b:ro:x", "--volume=:/b", "--label=docker-containerizer.id=x",
      "--label=docker-containerizer.", "--cpu-shares=08", "--cpu-shares=1_", "--cpu-shares=_1",
      "--cpu-shares=1__0", "--cpu-shares=+-1", "--cpu-shares=0x", "--cpus=0.0000000001",
      "--blkio-weight-device=/dev/sda:5", "--device-cgroup-rule='c 1:3'",
      "--device-cgroup-rule='d 1:3 r'", "--device-cgroup-rule='c 1:3 rwmr'",
      "--device-cgroup-rule='c 1 r'", "--dns=1.1.1", "--dns=", "--dns-search=1.2",
      "--dns-search=a..b", "--dns-search=a_b", "--mac-address=x", "--mac-address=92:d0:c6:0a:29-33",
      "--mac-address=92:d0:c6:0a:29:3g", "--mount=type=bind,source=/a,target=/b,tmpfs-size=1m",
      "--mount=target=/b,", "--mount=target=/b,bind-recursive=readonly",
      "--mount=target=/b,volume-subpath=a/../../b", "--mount=target=/b,\"source=a",
      "--mount=target=/b,source=\"a\"", "--mount=\"target=/b\"x", "--network=name=net,driver-opt=a",
      "--network=name=net,alias", "--network=name=net,mac-address=92:d0", "--pid=x",
      "--pid=container:", "--publish=x:80:80", "--publish=80:0", "--publish=target=80,published",
      "--publish=published=80", "--security-opt=seccomp:/etc/passwd", "--sysctl=kernel.hostname=x",
      "--sysctl=net.a", "--ulimit=nofile=2:1", "--ulimit=nofile=-1:1", "--ulimit=x=1", "--userns=x",
      "--uts=x");
  CAPTURE(word);
  const std::string flag = word.substr(0, word.find('='));
  CHECK_THAT(applied({word}), Catch::StartsWith("docker run " + flag + ": "));
}

TEST_CASE("contradictory flags are refused in any order") {
  struct Case {
    std::string one, other, text;
  };
  const auto example = GENERATE(values<Case>({
      {"--no-healthcheck", "--health-cmd=a", "--no-healthcheck: "},
      {"--network=name=net,alias=a", "--network-alias=b", "--network: \"Aliases\""},
      {"--network=name=net,ip=10.0.0.1", "--ip=10.0.0.2", "--network: \"IPv4Address\""},
      {"--network=host", "--network-alias=a", "--network-alias: the network"},
  }));
  CAPTURE(example.one, example.other);
  CHECK_THAT(applied({example.one, example.other}),
             Catch::StartsWith("docker run " + example.text));
  CHECK_THAT(applied({example.other, example.one}),
             Catch::StartsWith("docker run " + example.text));
}

TEST_CASE("refusals contain no secrets") {
  for (const char* word :
       {"-e=hidden", "--label==hidden", "--log-opt==hidden",
        "--mount=source=/a,volume-opt=o=password=hidden",
        "--mount=target=/a,volume-opt=o=username=u,password=hidden",
        "--mount=\"volume-opt=o=hidden", "--mount=type=bind,target=/a,volume-opt=p=hidden",
        "--network=name=n,driver-opt=hidden"}) {
    CAPTURE(word);
    const std::string text = applied({word});
    CHECK(text.starts_with("docker run"));
    CHECK(text.find("hidden") == std::string::npos);
  }
  CHECK(applied({"-e X=a hidden"}).find("hidden") == std::string::npos);
}

TEST_CASE("more ports than a host has are refused before memory is allocated") {
  CreateRequest request;
  request.ports = std::size_t{3} * 65535 - 2;
  CHECK(apply_run_flags({{"publish", "80"}, {"expose", "81/udp"}}, request).ok());
  for (const std::string flag : {"publish", "expose"}) {
    const Status refused = apply_run_flags({{flag, "1-65535"}}, request);
    REQUIRE(refused.failed_with(Fault::refused));
    CHECK(refused.failure().text ==
          "docker run --" + flag +
              ": too many published or exposed ports in total; a host has 65535 per protocol");
  }
  CHECK(object_at(request.body, "ExposedPorts").size() == 2);
}

TEST_CASE("refusals contain no control characters") {
  for (const Words& words : {Words{"--\x7F"}, Words{"--\x1B\n"}, Words{"--cpus=\x7F\x01"}}) {
    const std::string text = applied(words);
    CAPTURE(text);
    CHECK(text.starts_with("docker run"));
    CHECK(text.find_first_of("\x7F\x1B\n\x01") == text.npos);
  }
  CHECK(applied({"--a\x7F\x7F"}).find("\"--a\\u007f\\u007f\"") != std::string::npos);
}

TEST_CASE("--pull decides whether an existing image is pulled again") {
  for (const bool before : {false, true}) {
    CreateRequest request;
    request.force_pull = before;
    REQUIRE(apply_run_flags({{"pull", "always"}}, request).ok());
    CHECK(request.force_pull);
    REQUIRE(apply_run_flags({{"pull", "missing"}}, request).ok());
    CHECK(!request.force_pull);
    CHECK(request.body.empty());
  }
}

TEST_CASE("flags select at most one network") {
  CHECK(network_flag({{"env", "A=b"}}).value() == std::nullopt);
  CHECK(network_flag({{"network", "n"}}).value() == "n");
  CHECK(network_flag({{"network", "n"}, {"network", "m"}}).failed_with(Fault::refused));
  CHECK(network_flag({{"network", "Name=N,alias=a"}}).value() == "n");
  for (const char* value : {"alias=a", "name=", "name=n,x=y", "n,alias=a", "a,b"}) {
    CAPTURE(value);
    CHECK(network_flag({{"network", value}}).failed_with(Fault::refused));
  }
  CHECK(network_flag({{"network", ""}}).failed_with(Fault::refused));
}

TEST_CASE("a flag that is not supported is accepted where it changes nothing") {
  const auto word = GENERATE(
      as<std::string>(), "--cidfile=", "--cpu-count=0", "--cpu-percent=0", "-d", "--detach",
      "--detach=false", "--detach-keys=", "--disable-content-trust", "--disable-content-trust=true",
      "--help=false", "-i=false", "--interactive=false", "--io-maxbandwidth=0", "--io-maxiops=0",
      "--name=", "--platform=", "--quiet=false", "--rm", "--rm=true", "--rm=false", "--sig-proxy",
      "--sig-proxy=true", "--use-api-socket=false", "-Pd", "--tty=false", "--restart=no");
  CAPTURE(word);
  const auto bare = word == "-Pd" ? applied({"-P"}) : applied({});
  const bool is_written = word.starts_with("--tty");
  CHECK(applied({word}) == (is_written ? R"({"Tty":false})" : bare));
}

TEST_CASE("the key of a parameter may be written as an option") {
  const auto flag = [](const std::string& key, const std::string& value) {
    google::protobuf::RepeatedPtrField<mesos::Parameter> parameters;
    auto& parameter = *parameters.Add();
    parameter.set_key(key);
    parameter.set_value(value);
    const auto read = parse_parameters(parameters);
    if (!read.ok()) return read.failure().text;
    return read.value().flags.at(0).name + "=" + read.value().flags.at(0).value;
  };
  CHECK(flag("env", "A=b") == "env=A=b");
  CHECK(flag("-e", "A=b") == "env=A=b");
  CHECK(flag("--env", "A=b") == "env=A=b");
  CHECK(flag("--env=A=b", "") == "env=A=b");
  CHECK(flag("--net", "bridge") == "network=bridge");
  CHECK(flag("--privileged", "") == "privileged=true");
  CHECK(flag("--privileged", "false") == "privileged=false");
  CHECK(flag("--rm", "") == "rm=true");
  CHECK_THAT(flag("--env=A=b", "C=d"), Catch::Contains("two values"));
  CHECK_THAT(flag("-it", ""), Catch::Contains("unknown flag"));
  CHECK_THAT(flag("-", ""), Catch::Contains("unknown flag"));
  CHECK_THAT(flag("--", "x"), Catch::Contains("unknown flag"));
  CHECK_THAT(flag("e", "A=b"), Catch::Contains("unknown flag"));
  CHECK_THAT(flag("rm ", "true"), Catch::Contains("unknown flag"));
}
