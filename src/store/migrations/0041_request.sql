-- Requests for resources, the grants made of them, and the orders to the sources (二(六)1).
-- State of a request is in workflow_case, kind 'request'.
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    admission_id INTEGER REFERENCES admission (id),   -- NULL: the operator's, in a room of its own
    agreement_id INTEGER NOT NULL REFERENCES agreement (id),
    operator_id INTEGER NOT NULL REFERENCES party (id),
    developer_id INTEGER NOT NULL REFERENCES party (id),
    provider_id INTEGER NOT NULL REFERENCES party (id),
    room_id INTEGER NOT NULL,
    entry_id INTEGER NOT NULL REFERENCES entry (id),
    resource_id INTEGER NOT NULL REFERENCES resource (id),
    resource_version INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    columns TEXT NOT NULL,            -- JSON list: what was asked for
    rows TEXT NOT NULL,               -- JSON list of conditions
    period TEXT,                      -- JSON object
    UNIQUE (room_id, table_name)
);
CREATE INDEX request_by_agreement ON request (agreement_id);
CREATE INDEX request_by_operator ON request (operator_id);
CREATE INDEX request_by_developer ON request (developer_id);

-- What may be called in: one key each, so that destroying it deletes this and nobody else's.
CREATE TABLE call_grant (
    id INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL UNIQUE REFERENCES request (id),
    room_id INTEGER NOT NULL,
    agreement_id INTEGER NOT NULL REFERENCES agreement (id),
    state TEXT NOT NULL,              -- ordered, delivered, refused, rejected, ended
    public_key TEXT,
    digest TEXT,
    row_count BIGINT,
    load_report TEXT                  -- JSON: violations row by row, no values
);
CREATE INDEX call_grant_by_room ON call_grant (room_id);
CREATE INDEX call_grant_by_agreement ON call_grant (agreement_id);

CREATE TABLE source_order (
    id INTEGER PRIMARY KEY,
    grant_id INTEGER NOT NULL REFERENCES call_grant (id),
    provider_id INTEGER NOT NULL REFERENCES party (id),
    state TEXT NOT NULL,              -- open, delayed, delivered, refused, rejected, void
    text TEXT NOT NULL,               -- canonical JSON, what is signed
    signature TEXT NOT NULL,
    until_at BIGINT,
    reason TEXT,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX source_order_by_provider ON source_order (provider_id, state);
CREATE INDEX source_order_by_grant ON source_order (grant_id);
