-- Rooms (二(三), 二(六)3). State is in workflow_case, kinds 'room' and 'import'.
CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    admission_id INTEGER REFERENCES admission (id),   -- NULL: the operator's own, for public data products
    agreement_id INTEGER NOT NULL REFERENCES agreement (id),
    operator_id INTEGER NOT NULL REFERENCES party (id),
    developer_id INTEGER NOT NULL REFERENCES party (id),
    title TEXT NOT NULL,
    quota_seconds INTEGER NOT NULL,   -- of query time
    used_ms BIGINT NOT NULL
);
CREATE INDEX room_by_agreement ON room (agreement_id);
CREATE INDEX room_by_developer ON room (developer_id);

-- A developer's own lawful data: of this room alone, and gone with it (二(六)3, FUSION).
CREATE TABLE import (
    id INTEGER PRIMARY KEY,
    room_id INTEGER NOT NULL REFERENCES room (id),
    title TEXT NOT NULL,
    table_name TEXT NOT NULL,
    proof_id INTEGER REFERENCES document (id),
    proof_digest TEXT,
    columns TEXT NOT NULL,            -- JSON: [{name, type, use}]
    digest TEXT,
    row_count BIGINT,
    load_report TEXT,
    UNIQUE (room_id, table_name)
);

CREATE TABLE join_key (
    id INTEGER PRIMARY KEY,
    room_id INTEGER NOT NULL REFERENCES room (id),
    left_table TEXT NOT NULL,
    left_column TEXT NOT NULL,
    right_table TEXT NOT NULL,
    right_column TEXT NOT NULL,
    UNIQUE (room_id, left_table, left_column, right_table, right_column)
);

CREATE TABLE query (
    id INTEGER PRIMARY KEY,
    room_id INTEGER NOT NULL REFERENCES room (id),
    account_id INTEGER NOT NULL,
    sql TEXT NOT NULL,
    rule TEXT NOT NULL,               -- the release rule it was checked by
    state TEXT NOT NULL,              -- running, done, failed
    shape TEXT,                       -- JSON: all that the developer learns
    reason_zh TEXT,
    reason_en TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX query_by_room ON query (room_id);
CREATE INDEX query_running ON query (id) WHERE state = 'running';
