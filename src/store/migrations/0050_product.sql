-- Products and their use (二(六)3). State of a product is in workflow_case, kind 'product'.
CREATE TABLE product (
    id INTEGER PRIMARY KEY,
    tier TEXT NOT NULL,               -- public_data_product (the operator's own), data_product (a developer's)
    kind TEXT NOT NULL,               -- table, verification, score
    room_id INTEGER NOT NULL REFERENCES room (id),
    agreement_id INTEGER NOT NULL REFERENCES agreement (id),
    party_id INTEGER NOT NULL REFERENCES party (id),
    operator_id INTEGER NOT NULL REFERENCES party (id),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    query_id INTEGER,                 -- of a table: the finished query whose sealed result it is made from
    spec TEXT,                        -- of a verification or score: what is asked of which table
    release_rule TEXT,                -- the rule it was made under: "release@3"
    digest TEXT,                      -- of the bytes as made; NULL until they are
    shape TEXT,                       -- all that the maker sees of them
    report TEXT,                      -- of a verification or score: for the reviewer
    drafted_by INTEGER NOT NULL,      -- account
    sheet_by INTEGER,                 -- account that opened the review sheet last
    sheet_at BIGINT,
    approved_digest TEXT,             -- the approval holds for these bytes only
    decision TEXT,                    -- approved, rejected
    decision_reason TEXT,
    decided_at BIGINT,
    listing INTEGER,                  -- number at the exchange
    delisted_at BIGINT,               -- the exchange has been told of the withdrawal
    made_at BIGINT NOT NULL
);
CREATE INDEX product_by_party ON product (party_id);
CREATE INDEX product_by_operator ON product (operator_id);
CREATE INDEX product_by_agreement ON product (agreement_id);

-- The resources that a product rests on: their providers share in its revenue.
CREATE TABLE product_source (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES product (id),
    resource_id INTEGER NOT NULL REFERENCES resource (id),
    provider_id INTEGER NOT NULL REFERENCES party (id),
    weight INTEGER NOT NULL,
    UNIQUE (product_id, resource_id)
);

-- What the operator has put on file with the bureau, rejections too.
CREATE TABLE filing (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL UNIQUE REFERENCES product (id),
    operator_id INTEGER NOT NULL REFERENCES party (id),
    decision TEXT NOT NULL,
    reason TEXT,
    digest TEXT NOT NULL,
    release_rule TEXT,
    filed_at BIGINT NOT NULL
);

-- An order comes from the exchange; a granted one is the customer's right to call.
CREATE TABLE product_order (
    id INTEGER PRIMARY KEY,
    exchange_order INTEGER NOT NULL UNIQUE,
    product_id INTEGER REFERENCES product (id),
    customer_id INTEGER REFERENCES party (id),
    customer_name TEXT NOT NULL,      -- as the exchange gave it
    customer_code TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    used INTEGER NOT NULL,
    purpose TEXT,
    valid_until INTEGER,
    state TEXT NOT NULL,              -- granted, refused
    reason TEXT,
    at BIGINT NOT NULL,
    answered_at BIGINT                -- the exchange knows what became of it
);
CREATE INDEX product_order_by_customer ON product_order (customer_id, product_id);
CREATE INDEX product_order_by_product ON product_order (product_id);

-- A consent as the customer recorded it, with its evidence. The subject appears as a keyed token alone.
CREATE TABLE consent (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES product (id),
    customer_id INTEGER NOT NULL REFERENCES party (id),
    subject_token TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    until_day INTEGER NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    document_digest TEXT NOT NULL,
    code_digest TEXT NOT NULL,        -- of the code by which the subject may withdraw it
    withdrawn_at BIGINT,
    withdrawn_by TEXT                 -- customer, subject
);
CREATE INDEX consent_by_subject ON consent (customer_id, product_id, subject_token);

-- Another legal basis of an order's calls: declared by the customer, accepted by the operator.
CREATE TABLE legal_basis (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES product_order (id),
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES document (id),
    document_digest TEXT NOT NULL,
    until_day INTEGER NOT NULL,
    declared_at BIGINT NOT NULL,
    accepted_at BIGINT,
    withdrawn_at BIGINT,
    reason TEXT
);
CREATE INDEX legal_basis_by_order ON legal_basis (order_id);
