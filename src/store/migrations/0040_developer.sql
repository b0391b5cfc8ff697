-- Admission of developers (二(五)2). State is in workflow_case, kind 'admission'.
CREATE TABLE admission (
    id INTEGER PRIMARY KEY,
    agreement_id INTEGER NOT NULL REFERENCES agreement (id),
    operator_id INTEGER NOT NULL REFERENCES party (id),
    developer_id INTEGER NOT NULL REFERENCES party (id),
    rule TEXT NOT NULL,               -- the admission rule it was decided by: "admission@3"
    management TEXT NOT NULL,
    security TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    document_digest TEXT NOT NULL,
    applied_day INTEGER NOT NULL,
    report_months INTEGER NOT NULL,
    contract_id INTEGER REFERENCES document (id),
    contract_digest TEXT,
    from_day INTEGER,
    until_day INTEGER,
    next_report_day INTEGER,
    late_since INTEGER
);
CREATE INDEX admission_by_developer ON admission (developer_id);
CREATE INDEX admission_by_agreement ON admission (agreement_id);

CREATE TABLE development_report (
    id INTEGER PRIMARY KEY,
    admission_id INTEGER NOT NULL REFERENCES admission (id),
    due_day INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    document_digest TEXT NOT NULL,
    late INTEGER NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX development_report_by_admission ON development_report (admission_id);
