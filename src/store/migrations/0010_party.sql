-- Organisations, the people who act for them, and what links organisations to each other.
CREATE TABLE party (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    credit_code TEXT NOT NULL UNIQUE,
    region TEXT,
    created_at BIGINT NOT NULL
);

-- role repeats the party's, but for a provider's source agents (role 'source') and the administrators (no party).
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    party_id INTEGER REFERENCES party (id),
    role TEXT NOT NULL,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    duties INTEGER NOT NULL,
    state TEXT NOT NULL,              -- pending, active, hand_over, ended
    created_at BIGINT NOT NULL
);
CREATE INDEX account_by_party ON account (party_id);

CREATE TABLE delegation (
    id INTEGER PRIMARY KEY,
    party_id INTEGER NOT NULL REFERENCES party (id),
    to_account_id INTEGER NOT NULL REFERENCES account (id),
    duties INTEGER NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    basis TEXT NOT NULL,
    made_by INTEGER NOT NULL REFERENCES account (id),
    state TEXT NOT NULL               -- proposed, confirmed, ended
);
CREATE INDEX delegation_by_account ON delegation (to_account_id);

CREATE TABLE token (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    title TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,      -- SHA-256 of the token: the token itself is shown once
    created_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE TABLE holding (
    id INTEGER PRIMARY KEY,
    holder_code TEXT NOT NULL,
    held_code TEXT NOT NULL,
    share_bp INTEGER NOT NULL,        -- hundredths of a percent
    from_day INTEGER NOT NULL,
    until_day INTEGER,
    source TEXT NOT NULL
);
CREATE INDEX holding_by_holder ON holding (holder_code);
CREATE INDEX holding_by_held ON holding (held_code);

-- Not covered by the audit log: they hold no decision, only who is logged in and who guesses.
CREATE TABLE session (
    digest TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    delegation_id INTEGER REFERENCES delegation (id),
    csrf TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX session_by_account ON session (account_id);

CREATE TABLE login_failure (
    login TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    locked_until BIGINT NOT NULL
);
