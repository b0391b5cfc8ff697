-- One row a call that a customer pays for. A batch is what one unit of work metered; its digest chains the rows
-- onto the batch before, and the batch, not the row, is what the audit log names.
CREATE TABLE meter_batch (
    id INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    previous BLOB NOT NULL,
    digest BLOB NOT NULL,
    at INTEGER NOT NULL,
    entry INTEGER NOT NULL
);
CREATE TABLE meter (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    product INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    units INTEGER NOT NULL,
    answer_digest BLOB NOT NULL,
    call_key TEXT,
    UNIQUE (order_id, call_key)
);
