-- The rule library (clause 三). State is in workflow_case, kind 'rule'.
CREATE TABLE rule (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES party (id),
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    document_id INTEGER REFERENCES document (id),
    parameters TEXT NOT NULL,
    from_day INTEGER NOT NULL,
    UNIQUE (kind, owner_id, version)
);
