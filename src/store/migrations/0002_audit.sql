-- The salts stay for as long as the rows they hide; the bytes of an entry leave the store once they are sealed.
-- The highest number in audit_salt is the last entry's, so numbers have no gap and are never given twice.
CREATE TABLE audit_salt (
    entry INTEGER PRIMARY KEY,
    salt BLOB NOT NULL
);
CREATE TABLE audit_entry (
    entry INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);
