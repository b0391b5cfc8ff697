-- A party's postings up to last_posting, summed, so that its balance need not read them all again. Kept in the unit that books a journal;
-- postings after last_posting (of a program of before this migration) are added by whoever reads, and by the next journal of the party.
CREATE TABLE balance (
    id INTEGER PRIMARY KEY REFERENCES party (id),
    balance_fen BIGINT NOT NULL,
    postings BIGINT NOT NULL,
    last_posting INTEGER NOT NULL
);
