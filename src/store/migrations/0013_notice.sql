CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    party_id INTEGER,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT
);
CREATE INDEX notice_by_object ON notice (object, object_id);
