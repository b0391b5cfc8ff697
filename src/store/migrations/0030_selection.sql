-- Selection of operators (二(四)1). State is in workflow_case, kind 'selection'.
CREATE TABLE selection (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    mode TEXT NOT NULL,               -- whole, individual
    scope TEXT,                       -- JSON: industries, regions, entries
    necessity TEXT,
    conditions TEXT,
    criteria TEXT,                    -- JSON: [{name, weight}]
    open INTEGER NOT NULL,
    basis TEXT,                       -- for another way than open selection
    exclusive INTEGER NOT NULL,
    applications_until INTEGER,       -- the last day
    publicity_until BIGINT,
    winner_id INTEGER                 -- application
);

CREATE TABLE application (
    id INTEGER PRIMARY KEY,
    selection_id INTEGER NOT NULL REFERENCES selection (id),
    party_id INTEGER NOT NULL REFERENCES party (id),
    capability TEXT NOT NULL,
    ecosystem TEXT NOT NULL,
    security TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    document_digest TEXT NOT NULL,
    applied_day INTEGER NOT NULL,
    UNIQUE (selection_id, party_id)
);

CREATE TABLE scorer (
    id INTEGER PRIMARY KEY,
    selection_id INTEGER NOT NULL REFERENCES selection (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    party_id INTEGER NOT NULL REFERENCES party (id),
    role TEXT NOT NULL,
    declared INTEGER NOT NULL,        -- 0 not yet, 1 no interest, 2 an interest
    declaration TEXT,
    UNIQUE (selection_id, account_id)
);

CREATE TABLE score (
    id INTEGER PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES application (id),
    scorer_id INTEGER NOT NULL REFERENCES scorer (id),
    criterion TEXT NOT NULL,
    points INTEGER NOT NULL,
    UNIQUE (application_id, scorer_id, criterion)
);

CREATE TABLE objection (
    id INTEGER PRIMARY KEY,
    selection_id INTEGER NOT NULL REFERENCES selection (id),
    text TEXT NOT NULL,
    contact TEXT,
    settlement TEXT,
    at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX objection_by_selection ON objection (selection_id);
