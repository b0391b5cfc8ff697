-- Which serving process runs a query, until it has ended: its number is led (store_lead()) as long as it lives.
CREATE TABLE query_run (
    query_id INTEGER PRIMARY KEY,
    server BIGINT NOT NULL
);
