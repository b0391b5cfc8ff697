-- What was restored from a backup. The entries from lost_from on, before lost_past, are in the log but not in the store any
-- more: the backup was older. Verification does not ask for them.
CREATE TABLE restoration (
    id INTEGER PRIMARY KEY,
    mark TEXT NOT NULL UNIQUE,        -- of the restore that it finished, so that it is recorded once
    lost_from BIGINT NOT NULL,
    lost_past BIGINT NOT NULL,
    at BIGINT NOT NULL
);
