-- The credit file (二(五)3): nothing is erased; repair and correction are entries about an entry.
CREATE TABLE credit_entry (
    id INTEGER PRIMARY KEY,
    credit_code TEXT NOT NULL,
    about TEXT NOT NULL,              -- unit, representative
    kind TEXT NOT NULL,               -- incident, violation, repair, correction
    serious INTEGER NOT NULL,
    occurred_day INTEGER NOT NULL,
    expires_day INTEGER,
    about_id INTEGER REFERENCES credit_entry (id),
    summary TEXT NOT NULL,
    document_id INTEGER REFERENCES document (id),
    party_id INTEGER NOT NULL REFERENCES party (id),
    at BIGINT NOT NULL
);
CREATE INDEX credit_entry_by_code ON credit_entry (credit_code);
CREATE INDEX credit_entry_by_about ON credit_entry (about_id);
