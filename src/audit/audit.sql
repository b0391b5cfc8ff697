-- The number of the next entry. A store with several writers takes it from a counter row that it updates here.
-- name: audit_next :one
SELECT coalesce(max(entry), -1) + 1 AS entry FROM audit_salt;

-- The number of the last entry, −1 before the first; for who only looks.
-- name: audit_last :one
SELECT coalesce(max(entry), -1) AS entry FROM audit_salt;

-- Entries that a store restored from an older backup does not know.
-- name: audit_lost :many
SELECT id, lost_from, lost_past FROM restoration ORDER BY id;

-- name: audit_salt_add :exec
INSERT INTO audit_salt (entry, salt) VALUES (:entry, :salt);

-- name: audit_entry_add :exec
INSERT INTO audit_entry (entry, bytes) VALUES (:entry, :bytes);

-- name: audit_salt_by_entry :one
SELECT salt FROM audit_salt WHERE entry = :entry;

-- name: audit_salt_count :one
SELECT count(*) AS count, coalesce(max(entry), -1) AS last FROM audit_salt;

-- name: audit_entries_from :many
SELECT entry, bytes FROM audit_entry WHERE entry >= :entry ORDER BY entry LIMIT :count;

-- name: audit_entries_drop :exec
DELETE FROM audit_entry WHERE entry >= :first AND entry < :past;
