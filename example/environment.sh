# Settings of docker-containerizer, beside the program. bin/environment.sh.dist lists all of them
# with their defaults.

# The slave discards the stderr of `recover` and `containers`. This log keeps their messages.
CONTAINERIZER_LOG=syslog

# Retry launches for long enough to survive an upgrade of the Docker daemon.
CONTAINERIZER_DAEMON_RETRY=5mins

# Keep ended containers for a while, for docker logs and docker cp.
CONTAINERIZER_REMOVE_DELAY=10mins

# For Mesos 1.0 only: half of the 64 threads that mesos-slave.service sets. An older slave has fewer
# threads and could hang with this setting. See "wait and the slave's threads" in docs/operating.md.
#CONTAINERIZER_LATE_WAITS=32

CONTAINERIZER_HISTORY=14days
