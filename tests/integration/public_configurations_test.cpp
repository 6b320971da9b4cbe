// What public configurations of Marathon, Chronos, Metronome, PaaSTA and Deimos ask for, tried as
// launches. Each row has the fields of one of them that a containerizer sees. Its command proves
// that the task got what it asked for.
#include <catch2/catch.hpp>

#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

struct Configuration {
  const char* what;
  std::string words;     // of the player (tests/slave/README.md)
  std::string script;    // the task's command; "" for the words' own
  std::string expected;  // in `stdout`
};

const std::string bridge = "network=BRIDGE ";

std::vector<Configuration> configurations(const WorkDirectory& place) {
  const auto data = place.scratch().string();
  return {
      {"Chronos: a job on the bridge without ports, with two arguments in its command",
       bridge + "cpus=0.5 mem=64 env=CASSANDRA_HOST=10.0.0.1", "echo import $CASSANDRA_HOST",
       "import 10.0.0.1"},
      {"Marathon: an ingest service on the host's network with an empty list of parameters",
       "network=HOST privileged=false env=KAFKA_HOST=a env=KAFKA_PORT=9092",
       "echo $KAFKA_HOST:$KAFKA_PORT", "a:9092"},
      {"Marathon: a port of the host mapped to MySQL's",
       bridge + "ports=31000 port_mapping=31000:3306/tcp env=MYSQL_DATABASE=wordpress",
       "echo $MYSQL_DATABASE", "wordpress"},
      {"Marathon: only an image, no network", "ports=31000 env=SSL_VERIFY=false",
       "echo verify $SSL_VERIFY", "verify false"},
      {"Marathon: arguments for the image's entrypoint, no command",
       bridge + "ports=31004 port_mapping=31004:4000/tcp shell=false command=echo "
                "argument=--verbose",
       "", "--verbose"},
      {"Marathon: nginx, a port and a service port",
       bridge + "ports=31005 port_mapping=31005:80/tcp", "echo nginx", "nginx"},
      {"Marathon: a volume of a volume driver by two parameters",
       bridge + "parameter=volume-driver=local parameter=volume=mysql_vol:/var/lib/mysql",
       "touch /var/lib/mysql/x && echo kept", "kept"},
      {"Marathon: the same with the parameter rm",
       bridge + "parameter=volume-driver=local parameter=volume=cinderDisk:/cinderDisk "
                "parameter=rm=true",
       "touch /cinderDisk/testfile; cd /; pwd", "/\n"},
      {"BCS: rm=false, and two limits of processes and files",
       "network=HOST parameter=rm=false parameter=ulimit=nproc=4000 "
       "parameter=ulimit=nofile=4095",
       "ulimit -n", "4095"},
      {"PaaSTA: a limit of swap that equals the task's memory, a quota, labels, capabilities",
       "cpus=1 mem=64 parameter=memory-swap=64m parameter=cpu-period=100000 "
       "parameter=cpu-quota=100000 parameter=label=paasta_service=fake_name "
       "parameter=label=paasta_instance=fake_instance parameter=ulimit=nice=0 "
       "parameter=ulimit=nofile=1024:2048 parameter=cap-add=IPC_LOCK "
       "parameter=cap-add=SYS_PTRACE",
       "ulimit -n; ulimit -Hn", "1024\n2048"},
      {"PaaSTA: an init process, and all usual capabilities dropped",
       bridge + "mem=64 parameter=memory-swap=96m parameter=init=true parameter=cap-drop=SETPCAP "
                "parameter=cap-drop=MKNOD parameter=cap-drop=CHOWN parameter=cap-drop=NET_RAW "
                "parameter=cap-drop=KILL parameter=cap-drop=SETUID",
       "cat /proc/1/comm; chown 1 /tmp 2> /dev/null || echo denied", "denied"},
      {"Marathon: Elasticsearch with a limit of locked memory",
       bridge + "ports=31010-31011 port_mapping=31010:9200/tcp port_mapping=31011:9300/tcp "
                "parameter=ulimit=memlock=65536:65536 parameter=ulimit=nofile=4096:4096 "
                "'env=ES_JAVA_OPTS=-Xms256m -Xmx256m' env=bootstrap.memory_lock=true",
       "ulimit -l; echo $ES_JAVA_OPTS; tr '\\0' '\\n' < /proc/1/environ | grep bootstrap",
       "64\n-Xms256m -Xmx256m\nbootstrap.memory_lock=true"},
      {"Swan: name servers, hosts, exposed ports, labels of SELinux, limits, a volume",
       bridge +
           "parameter=dns=114.114.114.114 parameter=dns=8.8.8.8 parameter=env=DEMO=true "
           "parameter=env=PROD=false parameter=expose=80 parameter=expose=443 "
           "parameter=ulimit=nproc=4000:4000 parameter=ulimit=nofile=2000:4000 "
           "parameter=cap-add=NET_ADMIN parameter=device=/dev/null:/dev/tty10 "
           "parameter=dns-search=swan.local parameter=add-host=bbk:127.0.0.1 "
           "parameter=add-host=google-dns:8.8.8.8 parameter=volume=" +
           data + ":/data:rw",
       "grep -c nameserver /etc/resolv.conf; grep google-dns /etc/hosts; echo $DEMO$PROD; touch "
       "/data/x",
       "2\n8.8.8.8\tgoogle-dns\ntruefalse"},
      {"Katsdp: chosen CPUs and a limit of locked memory",
       "network=HOST parameter=cpuset-cpus=0 parameter=ulimit=memlock=65536",
       "grep Cpus_allowed_list /proc/self/status; ulimit -l", "0\n64"},
      {"Marathon: a directory of the host, made if it is missing",
       bridge + "parameter=ulimit=memlock=65536:65536 volume=" + data +
           "/elasticsearch:/usr/share/es",
       "touch /usr/share/es/x && echo written", "written"},
      {"Metronome: a job that says it is not privileged", "privileged=false", "echo plain",
       "plain"},
      {"Metronome: all capabilities dropped, and one added",
       "parameter=cap-drop=ALL parameter=cap-add=SYSLOG", "grep CapEff /proc/self/status",
       "0000000400000000"},
      {"JupyterHub: FUSE, and a command with options",
       bridge + "ports=31012 port_mapping=31012:8888/tcp parameter=cap-add=SYS_ADMIN "
                "parameter=device=/dev/null:/dev/fuse",
       "test -e /dev/fuse && echo --ip 0.0.0.0", "--ip 0.0.0.0"},
      {"Bamboo: a capability in the host's network, and values with spaces and semicolons",
       "network=HOST parameter=cap-add=NET_ADMIN "
       "'env=HAPROXY_RELOAD_CMD=iptables -I INPUT --dports 80,443 -j DROP; sleep 0.2; done'",
       "echo \"$HAPROXY_RELOAD_CMD\"",
       "iptables -I INPUT --dports 80,443 -j DROP; sleep 0.2; done"},
      {"Marathon: a rotated log of the daemon",
       bridge + "parameter=log-driver=json-file parameter=log-opt=max-size=1024m "
                "parameter=log-opt=max-file=3",
       "echo logged", "logged"},
      {"DC/OS: no log of the daemon", bridge + "parameter=log-driver=none", "cd /; echo unlogged",
       "unlogged"},
      {"DC/OS: one argument, and no command",
       "parameter=log-driver=none shell=false command=echo argument=my-arg", "", "my-arg"},
      {"Calico: a network of Docker by the parameter net, beside another one",
       bridge + "parameter=net=databases", "ip addr | grep -c 10.77.", "1"},
      {"Marathon: interactive, terminal and detach at their defaults",
       bridge + "parameter=interactive=false parameter=tty=false parameter=detach=false "
                "parameter=sig-proxy=true",
       "echo defaults", "defaults"},
      {"mdc: a parameter with the dashes of an option", "parameter=--env=A=b parameter=-e=C=d",
       "echo $A$C", "bd"},
      {"Marathon: a host name on the bridge", bridge + "hostname=web-1", "hostname", "web-1"},
      {"Marathon: a host name by a parameter", bridge + "parameter=hostname=web-2", "hostname",
       "web-2"},
      {"Marathon: a user by a parameter, and a working directory",
       "parameter=user=nobody parameter=workdir=/var", "id -un; pwd", "nobody\n/var"},
      {"Marathon: the host's time zone and logs, read-only",
       "volume=/etc/hostname:/etc/localtime:ro volume=" + data + ":/logs",
       "test -s /etc/localtime && touch /logs/y && echo mounted", "mounted"},
      {"Marathon: a tmpfs, a read-only root, and a bigger /dev/shm",
       "parameter=tmpfs=/scratch parameter=read-only=true parameter=shm-size=128m",
       "touch /scratch/x; touch /y 2> /dev/null || echo read-only; df -m /dev/shm | tail -n 1",
       "read-only\n"},
      {"Marathon: the processes of the host", "network=HOST parameter=pid=host parameter=ipc=host",
       "ls /proc | grep -c '^[0-9]' | grep -q '..' && echo many", "many"},
      {"Deimos: its example of Marathon, with a port, a volume and variables",
       "dialect=command option=-v option=" + data +
           ":/srv ports=31014 env=PORT=31014 env=PORT0=31014 env=VAR=VALUE",
       "echo $PORT $VAR; touch /srv/z; pwd", "31014 VALUE\n/mnt/mesos/sandbox"},
      {"Deimos: shares of the CPU by an option", "dialect=command option=-c option=10240",
       "echo shares", "shares"},
      {"Deimos: two slashes and a command",
       "dialect=command option=// option=echo option=start option=web", "ignored", "start web"},
      {"Deimos: an archive of Hadoop, and a relative command", "dialect=command",
       "mkdir -p hadoop-2.5/bin && printf '#!/bin/sh\\necho hadoop' > hadoop-2.5/bin/hadoop && "
       "chmod +x hadoop-2.5/bin/hadoop && cd hadoop-2* && ./bin/hadoop",
       "hadoop"},
  };
}

}  // namespace

TEST_CASE("public configurations get what they ask for", "[dockerd]") {
  const WorkDirectory place;
  docker({"network", "create", "--subnet=10.77.0.0/24", "databases"});
  Slave slave(place);
  int number = 0;
  for (const auto& [what, words, script, expected] : configurations(place)) {
    CAPTURE(what);
    const auto name = "task" + std::to_string(++number);
    const auto task = script.empty() ? slave.launch(name, "image=busybox:test " + words)
                                     : slave.run(name, script, words);
    const auto end =
        slave.expect("status " + name + " TASK_(FINISHED|FAILED) \\S+ \\S* ?message=\"(.*)\"");
    CAPTURE(end[1]);
    CHECK(end[0] == "FINISHED");
    slave.expect_termination(task);
    CHECK_THAT(read_file(task.sandbox / "stdout"), Contains(expected));
  }
  docker({"network", "rm", "databases"});
  docker({"volume", "rm", "mysql_vol", "cinderDisk"});
}
