-- Resources as their providers compile them (二(一)). State is in workflow_case, kind 'resource'.
CREATE TABLE resource (
    id INTEGER PRIMARY KEY,
    party_id INTEGER NOT NULL REFERENCES party (id),
    code TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    abstract TEXT,
    category TEXT,
    industry TEXT,
    region TEXT,
    period_from INTEGER,
    period_to INTEGER,
    format TEXT,
    share_type TEXT,
    openness TEXT,
    share_mode TEXT,
    conditions TEXT,
    update_cycle_days INTEGER,
    personal INTEGER,
    origin TEXT,
    subject_item TEXT,
    subject_kind TEXT,
    grade TEXT,
    level INTEGER,
    version INTEGER NOT NULL,
    updated_day INTEGER,              -- the newest day that the data covers, as the source measured it
    overdue_since INTEGER,
    changed_at BIGINT NOT NULL
);
CREATE INDEX resource_by_party ON resource (party_id);

CREATE TABLE resource_item (
    id INTEGER PRIMARY KEY,
    resource_id INTEGER NOT NULL REFERENCES resource (id),
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,               -- equals the source's column
    title TEXT NOT NULL,
    type TEXT NOT NULL,
    length INTEGER,
    nullable INTEGER NOT NULL,
    "use" TEXT NOT NULL,
    level INTEGER,
    sensitive TEXT,
    filterable INTEGER NOT NULL,
    low DOUBLE PRECISION,
    high DOUBLE PRECISION,
    UNIQUE (resource_id, version, name)
);

-- What a source agent found where the rows live: schema, quality, sensitive items proposed. No values.
CREATE TABLE resource_description (
    id INTEGER PRIMARY KEY,
    party_id INTEGER NOT NULL REFERENCES party (id),
    code TEXT NOT NULL,
    description TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX resource_description_by_code ON resource_description (party_id, code);
