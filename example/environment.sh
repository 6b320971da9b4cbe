# Settings of docker-containerizer on a host of its own; lies beside the docker-containerizer script.
# bin/environment.sh.dist explains all settings and shows their defaults.

# The slave drops what `recover` and `containers` say: give them a log.
CONTAINERIZER_LOG=syslog

# Bridge over an upgrade of the Docker daemon.
CONTAINERIZER_ENGINE_PATIENCE=5mins

# Keep ended containers for a while, to look at them with docker logs and docker cp.
CONTAINERIZER_REMOVE_DELAY=10mins

# Half of LIBPROCESS_NUM_WORKER_THREADS in mesos-slave.service (Mesos 1.0). Leave this out before
# 1.0: the default fits.
CONTAINERIZER_LATE_WAITS=32

CONTAINERIZER_HISTORY=14days
