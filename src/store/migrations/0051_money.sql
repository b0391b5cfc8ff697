-- Prices, bills and the sharing of revenue (二(六)5), in fen.
CREATE TABLE price (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES product (id),
    per_call_fen BIGINT NOT NULL,
    waived INTEGER NOT NULL,          -- 1: the price is shown and nothing is due
    waiver_reason TEXT,
    from_day INTEGER NOT NULL,
    party_id INTEGER NOT NULL REFERENCES party (id),
    at BIGINT NOT NULL
);
CREATE INDEX price_by_product ON price (product_id, from_day);

CREATE TABLE bill (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES product_order (id),
    product_id INTEGER NOT NULL REFERENCES product (id),
    customer_id INTEGER NOT NULL REFERENCES party (id),
    first_meter INTEGER NOT NULL,     -- the metered calls it holds: those of the order between these
    last_meter INTEGER NOT NULL,
    from_day INTEGER NOT NULL,
    until_day INTEGER NOT NULL,
    calls BIGINT NOT NULL,
    price_fen BIGINT NOT NULL,        -- calls at their prices
    waived_fen BIGINT NOT NULL,
    due_fen BIGINT NOT NULL,
    formula TEXT NOT NULL,            -- the rule by which it is shared: "revenue@2"
    at BIGINT NOT NULL,
    reversed_by INTEGER               -- journal
);
CREATE INDEX bill_by_order ON bill (order_id);
CREATE INDEX bill_by_customer ON bill (customer_id);

CREATE TABLE bill_line (
    id INTEGER PRIMARY KEY,
    bill_id INTEGER NOT NULL REFERENCES bill (id),
    on_day INTEGER NOT NULL,
    price_id INTEGER NOT NULL REFERENCES price (id),
    per_call_fen BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    price_fen BIGINT NOT NULL,
    waived_fen BIGINT NOT NULL
);
CREATE INDEX bill_line_by_bill ON bill_line (bill_id);

-- Double entry. Nothing is changed or erased: what was wrong is booked back by a journal that names it.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,               -- bill, reversal
    bill_id INTEGER NOT NULL REFERENCES bill (id),
    reverses_id INTEGER UNIQUE REFERENCES journal (id),
    reason TEXT,
    day INTEGER NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX journal_by_bill ON journal (bill_id);

-- Of each journal the amounts add up to zero: above zero is owed by the party, below zero is owed to it.
CREATE TABLE posting (
    id INTEGER PRIMARY KEY,
    journal_id INTEGER NOT NULL REFERENCES journal (id),
    account TEXT NOT NULL,            -- receivable, share
    party_id INTEGER NOT NULL REFERENCES party (id),
    amount_fen BIGINT NOT NULL,
    part TEXT,                        -- of a share: provider, bureau, operator, developer
    weight INTEGER,                   -- of the part in the formula, out of weight_of
    weight_of INTEGER,
    share INTEGER,                    -- of the party within its part, out of share_of
    share_of INTEGER
);
CREATE INDEX posting_by_journal ON posting (journal_id);
CREATE INDEX posting_by_party ON posting (party_id);

-- A wish to book a bill back; state in workflow_case, kind 'reversal'.
CREATE TABLE reversal (
    id INTEGER PRIMARY KEY,
    bill_id INTEGER NOT NULL REFERENCES bill (id),
    operator_id INTEGER NOT NULL REFERENCES party (id),
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX reversal_by_bill ON reversal (bill_id);
