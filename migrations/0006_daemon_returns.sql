-- When the daemon responded again after it had been away from running containers, for the picture of
-- a day (`report`). A daemon with live-restore leaves no other trace of its restart.
-- Oldest program: 3

CREATE TABLE daemon_returns (
  at INTEGER PRIMARY KEY
) STRICT;
