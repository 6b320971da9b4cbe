-- What an upgrade may do while processes of the older program live: it only adds.
-- Oldest program: 1

ALTER TABLE containers ADD COLUMN mood TEXT NOT NULL DEFAULT 'good';
