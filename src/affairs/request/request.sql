-- name: request_insert :one
INSERT INTO request (admission_id, agreement_id, operator_id, developer_id, provider_id, room_id, entry_id, resource_id, resource_version,
                     table_name, purpose, columns, rows, period)
VALUES (:admission, :agreement, :operator, :developer, :provider, :room, :entry, :resource, :version, :table_name, :purpose, :columns,
        :rows, :period) RETURNING id;

-- name: request_by_id :one
SELECT r.*, e.title AS title, e.code AS code, c.state AS state, g.id AS grant_id, g.digest AS digest, g.row_count AS row_count,
       g.load_report AS load_report
FROM request r
JOIN entry e ON e.id = r.entry_id
JOIN workflow_case c ON c.kind = 'request' AND c.object_id = r.id
LEFT JOIN call_grant g ON g.request_id = r.id
WHERE r.id = :id;

-- name: request_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM request WHERE :own IS NULL AND :room IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM request WHERE room_id = :room AND (:own IS NULL OR developer_id = :own OR operator_id = :own OR provider_id = :own) AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM request WHERE :room IS NULL AND developer_id = :own AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM request WHERE :room IS NULL AND operator_id = :own AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM request WHERE :room IS NULL AND provider_id = :own AND id > :after ORDER BY id LIMIT :limit) AS way
)
SELECT r.*, e.title AS title, e.code AS code, c.state AS state, g.id AS grant_id, g.digest AS digest, g.row_count AS row_count,
       g.load_report AS load_report
FROM page CROSS JOIN request r
JOIN entry e ON e.id = r.entry_id
JOIN workflow_case c ON c.kind = 'request' AND c.object_id = r.id
LEFT JOIN call_grant g ON g.request_id = r.id
WHERE r.id = page.id
ORDER BY r.id LIMIT :limit;

-- name: call_grant_insert :one
INSERT INTO call_grant (request_id, room_id, agreement_id, state) VALUES (:request, :room, :agreement, 'ordered') RETURNING id;

-- name: call_grant_set_key :exec
UPDATE call_grant SET public_key = :key WHERE id = :id;

-- name: call_grant_set_delivered :exec
UPDATE call_grant SET state = 'delivered', digest = :digest, row_count = :rows, load_report = :report WHERE id = :id;

-- name: call_grant_set_rejected :exec
UPDATE call_grant SET state = 'rejected', load_report = :report WHERE id = :id;

-- name: call_grant_set_state :exec
UPDATE call_grant SET state = :state WHERE id = :id;

-- name: call_grant_by_id :one
SELECT g.id, g.request_id, g.room_id, g.agreement_id, g.state, g.public_key FROM call_grant g WHERE g.id = :id;

-- name: call_grants_of_room :many
SELECT g.id AS grant_id, r.resource_id, r.resource_version, r.columns, r.table_name, e.code AS code
FROM call_grant g
JOIN request r ON r.id = g.request_id
JOIN entry e ON e.id = r.entry_id
WHERE g.room_id = :room AND g.state = 'delivered'
ORDER BY g.id;

-- name: call_grants_to_end :many
SELECT g.id, g.request_id, g.state FROM call_grant g WHERE g.agreement_id = :agreement AND g.state <> 'ended' ORDER BY g.id;

-- name: source_order_insert :one
INSERT INTO source_order (grant_id, provider_id, state, text, signature, issued_at, expires_at)
VALUES (:grant, :provider, 'open', '', '', :at, :expires) RETURNING id;

-- name: source_order_set_text :exec
UPDATE source_order SET text = :text, signature = :signature WHERE id = :id;

-- name: source_order_by_id :one
SELECT o.id, o.grant_id, o.provider_id, o.state, o.text, o.signature, o.until_at, o.reason, o.issued_at, o.expires_at,
       g.request_id, g.agreement_id, g.state AS grant_state
FROM source_order o JOIN call_grant g ON g.id = o.grant_id WHERE o.id = :id;

-- name: source_order_list :many
SELECT id, state, text AS "order", signature, until_at, reason, issued_at, expires_at FROM (
    SELECT * FROM (SELECT * FROM source_order WHERE :state IS NULL AND provider_id = :provider AND id > :after AND text <> ''
                   ORDER BY id LIMIT :limit) AS way
    UNION ALL SELECT * FROM (SELECT * FROM source_order
                             WHERE provider_id = :provider AND state = :state AND id > :after AND text <> ''
                             ORDER BY id LIMIT :limit) AS way
    UNION ALL SELECT * FROM (SELECT * FROM source_order
                             WHERE :state = 'open' AND provider_id = :provider AND state = 'delayed' AND id > :after AND text <> ''
                             ORDER BY id LIMIT :limit) AS way
) AS page
ORDER BY id LIMIT :limit;

-- name: source_order_set_state :exec
UPDATE source_order SET state = :state, until_at = :until, reason = :reason WHERE id = :id;

-- name: source_orders_void :exec
UPDATE source_order SET state = 'void' WHERE grant_id = :grant AND state IN ('open', 'delayed');
