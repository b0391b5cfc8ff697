-- The authorised catalogue (二(五)1). State is in workflow_case, kinds 'entry' and 'authorisation'.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    resource_id INTEGER NOT NULL UNIQUE REFERENCES resource (id),
    resource_version INTEGER NOT NULL,
    provider_id INTEGER NOT NULL REFERENCES party (id),
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    abstract TEXT,
    category TEXT,
    industry TEXT,
    region TEXT,
    grade TEXT,
    level INTEGER,
    version INTEGER NOT NULL,         -- of the entry as listed; 0 before the first listing
    listed INTEGER NOT NULL,          -- 1 while it is in force
    listed_at BIGINT
);
CREATE INDEX entry_listed ON entry (listed, id);

CREATE TABLE entry_version (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL REFERENCES entry (id),
    version INTEGER NOT NULL,
    resource_version INTEGER NOT NULL,
    grade TEXT NOT NULL,
    level INTEGER NOT NULL,
    consulted TEXT NOT NULL,          -- concurred, absent
    at BIGINT NOT NULL
);
CREATE INDEX entry_version_by_entry ON entry_version (entry_id);

CREATE VIRTUAL TABLE entry_search USING fts5 (text, tokenize = 'dukou');

-- The provider's own act (二(二)): to a certain agreement, or to whichever covers the entry.
CREATE TABLE authorisation (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL REFERENCES entry (id),
    provider_id INTEGER NOT NULL REFERENCES party (id),
    agreement_id INTEGER,
    conditions TEXT,
    from_day INTEGER NOT NULL,
    until_day INTEGER
);
CREATE INDEX authorisation_by_entry ON authorisation (entry_id);
