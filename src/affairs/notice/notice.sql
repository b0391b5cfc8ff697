-- name: notice_insert :one
INSERT INTO notice (party_id, kind, object, object_id, title, body, from_at, until_at)
VALUES (:party, :kind, :object, :object_id, :title, :body, :from, :until) RETURNING id;

-- name: notice_by_id :one
SELECT id, kind, object, object_id, title, body, from_at, until_at FROM notice WHERE id = :id;

-- name: notice_list :many
SELECT id, kind, object, object_id, title, body, from_at, until_at FROM notice
WHERE id > :after AND (:kind IS NULL OR kind = :kind) AND (:open = 0 OR until_at IS NULL OR until_at > :now)
ORDER BY id LIMIT :limit;
