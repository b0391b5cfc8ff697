-- Documents: the bytes are in the vault, the row binds them by digest.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    party_id INTEGER REFERENCES party (id),
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest TEXT NOT NULL,             -- SHA-256 of the bytes; '' until they are in the vault
    at BIGINT NOT NULL
);
CREATE INDEX document_by_party ON document (party_id);

-- Before whom a document was put: these parties may read it.
CREATE TABLE document_reader (
    id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES document (id),
    party_id INTEGER NOT NULL REFERENCES party (id),
    UNIQUE (document_id, party_id)
);
