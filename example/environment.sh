# Settings of docker-containerizer, beside the program. bin/environment.sh.dist explains
# all of them and shows their defaults.

# The slave drops what `recover` and `containers` say: give them a log.
CONTAINERIZER_LOG=syslog

# Bridge over an upgrade of the Docker daemon.
CONTAINERIZER_ENGINE_PATIENCE=5mins

# Keep ended containers for a while, to look at them with docker logs and docker cp.
CONTAINERIZER_REMOVE_DELAY=10mins

# Only for Mesos 1.0, where mesos-slave.service gives the slave 64 threads: half of them. An older
# slave has as many as the host has CPUs, eight at least, and would freeze.
#CONTAINERIZER_LATE_WAITS=32

CONTAINERIZER_HISTORY=14days
