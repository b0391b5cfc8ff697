-- name: restoration_by_mark :one
SELECT id FROM restoration WHERE mark = :mark;

-- name: restoration_add :one
INSERT INTO restoration (mark, lost_from, lost_past, at) VALUES (:mark, :from, :past, :at) RETURNING id;
