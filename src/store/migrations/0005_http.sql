-- Replies kept for requests that are sent twice with the same Idempotency-Key, for a day. Neither the key nor the reply is
-- kept in clear: `key` is a digest, and `reply` is sealed under a key made of the Idempotency-Key itself.
CREATE TABLE idempotency (
    account INTEGER NOT NULL,        -- 0: the public
    key BLOB NOT NULL,
    request BLOB NOT NULL,           -- digest of method, path, query and body
    status INTEGER NOT NULL,         -- 0: the first request has not ended
    reply BLOB,                      -- NULL: no content
    at INTEGER NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE INDEX idempotency_at ON idempotency (at);
