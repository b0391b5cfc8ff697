-- As in SQLite, but that the salts lie in partitions by year. What a partition holds is told by its numbers, which only grow, so the
-- primary key stays as it is: a year's partition begins with the first number given in it. The newest has no end; when the year turns
-- the writer calls dukou_partition(), which gives it one behind its last number and begins the next.
CREATE TABLE audit_salt (
    entry BIGINT PRIMARY KEY,
    salt BYTEA NOT NULL
) PARTITION BY RANGE (entry);
CREATE TABLE audit_entry (
    entry BIGINT PRIMARY KEY,
    bytes BYTEA NOT NULL
);

-- Begins the partition of a year with the number `first`. Its last number is what the function dukou_last_…() says, for now the
-- highest there is. ATTACH believes a constraint and looks at no row; so closing the partition later costs the same however much it holds.
CREATE FUNCTION dukou_partition_begin(parent text, key text, of_year int, first bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part text := parent || '_' || of_year;
BEGIN
    EXECUTE format('CREATE FUNCTION %I() RETURNS bigint LANGUAGE sql IMMUTABLE AS ''SELECT 9223372036854775807''', 'dukou_last_' || part);
    EXECUTE format('CREATE TABLE %1$I PARTITION OF %2$I (CONSTRAINT %1$I CHECK (%3$I >= %4$L::bigint AND %3$I <= %5$I()))'
                   ' FOR VALUES FROM (%4$L) TO (MAXVALUE)', part, parent, key, first, 'dukou_last_' || part);
    IF parent = 'meter' THEN
        EXECUTE format('ALTER TABLE %I ADD UNIQUE (order_id, call_key)', part);
    END IF;
END $$;

-- Ends the newest partition, if it is of an earlier year, and begins one of `of_year`. One without rows goes.
CREATE FUNCTION dukou_partition_turn(parent text, key text, of_year int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    newest int;
    part text;
    first bigint;
    last bigint;
BEGIN
    SELECT max(substring(c.relname FROM '_([0-9]+)$')::int) INTO newest
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = quote_ident(parent)::regclass;
    IF newest >= of_year THEN
        RETURN;
    END IF;
    part := parent || '_' || newest;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('SELECT max(%I) FROM %I', key, part) INTO last;
    SELECT substring(pg_get_expr(relpartbound, oid) FROM 'FROM \(''(-?[0-9]+)''\)')::bigint INTO first
    FROM pg_class WHERE oid = quote_ident(part)::regclass;
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, part);
    IF last IS NULL THEN
        EXECUTE format('DROP TABLE %I', part);
        EXECUTE format('DROP FUNCTION %I()', 'dukou_last_' || part);
        PERFORM dukou_partition_begin(parent, key, of_year, first);
        RETURN;
    END IF;
    EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS bigint LANGUAGE sql IMMUTABLE AS ''SELECT %s::bigint''', 'dukou_last_' || part, last);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, first, last + 1);
    PERFORM dukou_partition_begin(parent, key, of_year, last + 1);
END $$;

-- For all such tables, under the writers' lock. Gives false, and changes nothing, when it cannot be now: somebody may be reading for
-- long. Nothing waits for it, since the newest partition has no end.
CREATE FUNCTION dukou_partition(of_year int) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '300ms' AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT c.relname, a.attname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
             WHERE c.relnamespace = current_schema()::regnamespace ORDER BY c.relname
    LOOP
        PERFORM dukou_partition_turn(t.relname::text, t.attname::text, of_year);
    END LOOP;
    RETURN true;
EXCEPTION WHEN OTHERS THEN
    RAISE LOG 'dukou: the partitions of % cannot begin now: % (%)', of_year, SQLERRM, SQLSTATE;
    RETURN false;
END $$;

SELECT dukou_partition_begin('audit_salt', 'entry', extract(year FROM now() AT TIME ZONE 'UTC')::int, (-9223372036854775808)::bigint);
