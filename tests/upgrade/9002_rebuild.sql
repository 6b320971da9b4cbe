-- An upgrade on which no older program can work, although the columns are the same.

CREATE TABLE saved AS SELECT * FROM containers;
DELETE FROM containers;
INSERT INTO containers SELECT * FROM saved;
DROP TABLE saved;
