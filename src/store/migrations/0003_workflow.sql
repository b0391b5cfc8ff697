CREATE TABLE workflow_case (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    due INTEGER,
    UNIQUE (kind, object_id)
);
CREATE INDEX workflow_case_due ON workflow_case (due) WHERE due IS NOT NULL;
CREATE TABLE workflow_event (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES workflow_case (id),
    event TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    account INTEGER NOT NULL,
    party INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT,
    entry INTEGER NOT NULL
);
CREATE INDEX workflow_event_case ON workflow_event (case_id, id);
