-- Agreements with operators (二(三), 二(四)). State is in workflow_case, kind 'agreement'.
CREATE TABLE agreement (
    id INTEGER PRIMARY KEY,
    selection_id INTEGER NOT NULL UNIQUE REFERENCES selection (id),
    operator_id INTEGER NOT NULL REFERENCES party (id),
    mode TEXT NOT NULL,
    scope TEXT NOT NULL,
    necessity TEXT,
    exclusive INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    document_digest TEXT NOT NULL,
    trial_months INTEGER NOT NULL,
    from_day INTEGER NOT NULL,        -- the trial begins, or the term where there is no trial
    term_from INTEGER NOT NULL,       -- three years from here
    until_day INTEGER NOT NULL,       -- the last day
    closed_at BIGINT
);
CREATE INDEX agreement_by_operator ON agreement (operator_id);

-- What proves that data called in under an agreement is gone.
CREATE TABLE deletion_certificate (
    id INTEGER PRIMARY KEY,
    agreement_id INTEGER NOT NULL REFERENCES agreement (id),
    key_name TEXT NOT NULL,
    body TEXT NOT NULL,               -- as the keeper gave it: files, backups that still hold them until when
    at BIGINT NOT NULL
);
CREATE INDEX deletion_certificate_by_agreement ON deletion_certificate (agreement_id);
