-- name: room_insert :one
INSERT INTO room (admission_id, agreement_id, operator_id, developer_id, title, quota_seconds, used_ms)
VALUES (:admission, :agreement, :operator, :developer, :title, :quota, 0) RETURNING id;

-- name: room_by_id :one
SELECT r.*, c.state AS state FROM room r
JOIN workflow_case c ON c.kind = 'room' AND c.object_id = r.id
WHERE r.id = :id;

-- name: room_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM room WHERE :own IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM room WHERE developer_id = :own AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM room WHERE operator_id = :own AND id > :after ORDER BY id LIMIT :limit) AS way
)
SELECT r.*, c.state AS state
FROM page CROSS JOIN room r
JOIN workflow_case c ON c.kind = 'room' AND c.object_id = r.id
WHERE r.id = page.id
ORDER BY r.id LIMIT :limit;

-- name: rooms_of_agreement :many
SELECT r.id FROM room r WHERE r.agreement_id = :agreement ORDER BY r.id;

-- name: room_add_use :exec
UPDATE room SET used_ms = used_ms + :ms WHERE id = :id;

-- name: import_insert :one
INSERT INTO import (room_id, title, table_name, proof_id, proof_digest, columns)
VALUES (:room, :title, :table_name, :proof, :digest, :columns) RETURNING id;

-- name: import_by_id :one
SELECT i.*, c.state AS state, r.developer_id, r.operator_id, r.agreement_id
FROM import i
JOIN room r ON r.id = i.room_id
JOIN workflow_case c ON c.kind = 'import' AND c.object_id = i.id
WHERE i.id = :id;

-- name: import_list :many
SELECT i.*, c.state AS state FROM import i CROSS JOIN workflow_case c
WHERE c.kind = 'import' AND c.object_id = i.id
  AND i.room_id = :room AND i.id > :after ORDER BY i.id LIMIT :limit;

-- name: import_accepted :many
SELECT i.id, i.table_name, i.columns FROM import i CROSS JOIN workflow_case c
WHERE c.kind = 'import' AND c.object_id = i.id
  AND i.room_id = :room AND c.state = 'accepted' ORDER BY i.id;

-- name: import_all :many
SELECT id FROM import WHERE room_id = :room ORDER BY id;

-- name: import_set_loaded :exec
UPDATE import SET digest = :digest, row_count = :rows, load_report = :report WHERE id = :id;

-- name: import_set_proof :exec
UPDATE import SET proof_id = :proof, proof_digest = :digest WHERE id = :id;

-- name: room_tables_of_name :one
-- The engine knows no capitals: a table of the same name in others is the same table. Columns are counted that no index holds: in an
-- index that has all it counts, SQLite would walk every table of the room.
SELECT (SELECT COUNT(i.columns) FROM import i WHERE i.room_id = :room AND LOWER(i.table_name) = LOWER(:name))
     + (SELECT COUNT(r.purpose) FROM request r WHERE r.room_id = :room AND LOWER(r.table_name) = LOWER(:name)) AS tables;

-- name: join_key_insert :one
INSERT INTO join_key (room_id, left_table, left_column, right_table, right_column)
VALUES (:room, :left_table, :left_column, :right_table, :right_column) RETURNING id;

-- name: join_key_list :many
SELECT id, left_table, left_column, right_table, right_column FROM join_key
WHERE room_id = :room AND id > :after ORDER BY id LIMIT :limit;

-- name: query_insert :one
INSERT INTO query (room_id, account_id, sql, rule, state, started_at)
VALUES (:room, :account, :sql, :rule, 'running', :at) RETURNING id;

-- name: query_by_id :one
SELECT q.id, q.room_id, q.account_id, q.sql, q.rule, q.state, q.shape, q.reason_zh, q.reason_en, q.started_at, q.ended_at,
       r.developer_id, r.operator_id
FROM query q JOIN room r ON r.id = q.room_id WHERE q.id = :id;

-- name: query_list :many
SELECT id, room_id, account_id, sql, rule, state, shape, reason_zh, reason_en, started_at, ended_at
FROM query WHERE room_id = :room AND id > :after ORDER BY id LIMIT :limit;

-- name: query_set_done :exec
UPDATE query SET state = 'done', shape = :shape, ended_at = :at WHERE id = :id AND state = 'running';

-- name: query_set_failed :exec
UPDATE query SET state = 'failed', reason_zh = :zh, reason_en = :en, ended_at = :at WHERE id = :id AND state = 'running';

-- name: query_unfinished :many
SELECT q.id, COALESCE(r.server, 0) AS server FROM query q LEFT JOIN query_run r ON r.query_id = q.id
WHERE q.state = 'running' ORDER BY q.id;

-- name: query_run_add :exec
INSERT INTO query_run (query_id, server) VALUES (:query, :server);

-- name: query_run_end :exec
DELETE FROM query_run WHERE query_id = :query;
