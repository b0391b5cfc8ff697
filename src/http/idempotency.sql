-- name: idempotency_find :one
SELECT request, status, reply FROM idempotency WHERE account = :account AND key = :key AND at > :oldest;

-- name: idempotency_claim :exec
INSERT INTO idempotency (account, key, request, status, reply, at)
VALUES (:account, :key, :request, 0, NULL, :at)
ON CONFLICT (account, key) DO UPDATE
SET request = excluded.request, status = 0, reply = NULL, at = excluded.at
WHERE idempotency.at <= :oldest;

-- name: idempotency_complete :exec
UPDATE idempotency SET status = :status, reply = :reply WHERE account = :account AND key = :key;

-- name: idempotency_forget :exec
DELETE FROM idempotency WHERE account = :account AND key = :key;

-- name: idempotency_prune :exec
DELETE FROM idempotency WHERE (account, key) IN
    (SELECT account, key FROM idempotency WHERE at <= :oldest ORDER BY at LIMIT 16);
