-- As in SQLite, but that the calls lie in partitions by year (0002). That a call's key occurs once in an order is kept in two ways:
-- within a year by the partition's constraint, across years by meter_add, which looks first; writers come one after the other.
CREATE TABLE meter_batch (
    id BIGINT PRIMARY KEY,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    previous BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    at BIGINT NOT NULL,
    entry BIGINT NOT NULL
);
CREATE TABLE meter (
    id BIGINT PRIMARY KEY,
    batch BIGINT NOT NULL,
    product BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    order_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    units BIGINT NOT NULL,
    answer_digest BYTEA NOT NULL,
    call_key TEXT
) PARTITION BY RANGE (id);
SELECT dukou_partition_begin('meter', 'id', extract(year FROM now() AT TIME ZONE 'UTC')::int, (-9223372036854775808)::bigint);
