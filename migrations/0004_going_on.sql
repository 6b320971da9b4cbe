-- What programs of different versions must know of each other, and less of what must stay secret.
-- Oldest program: 3

-- The schema version of the oldest program that can work on the result of the migration. Null: the
-- version itself.
ALTER TABLE schema_migrations ADD COLUMN oldest_program INTEGER;

-- The SHA-256 of `request`. It remains when request and environment are emptied, at Gone.
ALTER TABLE launches ADD COLUMN request_hash TEXT CHECK (length(request_hash) = 64);

UPDATE launches SET request = x'', environment = x''
 WHERE container_id IN (SELECT container_id FROM containers WHERE state = 'Gone');
