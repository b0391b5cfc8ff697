-- name: meter_batch_last :one
SELECT id, last, digest FROM meter_batch ORDER BY id DESC LIMIT 1;

-- name: meter_batch_add :exec
INSERT INTO meter_batch (id, first, last, previous, digest, at, entry)
VALUES (:id, :first, :last, :previous, :digest, :at, :entry);

-- name: meter_add :exec
INSERT INTO meter (id, batch, product, customer, order_id, at, kind, units, answer_digest, call_key)
VALUES (:id, :batch, :product, :customer, :order_id, :at, :kind, :units, :answer_digest, :call_key)
ON CONFLICT (order_id, call_key) DO NOTHING;
-- postgresql:
INSERT INTO meter (id, batch, product, customer, order_id, at, kind, units, answer_digest, call_key)
SELECT :id, :batch, :product, :customer, :order_id, :at, :kind, :units, :answer_digest, :call_key
WHERE NOT EXISTS (SELECT 1 FROM meter m WHERE m.order_id = :order_id AND m.call_key = :call_key);

-- name: meter_by_call :one
SELECT id, batch, answer_digest FROM meter WHERE order_id = :order_id AND call_key = :call_key;

-- name: meter_all :many
SELECT m.id, m.batch, m.product, m.customer, m.order_id, m.at, m.kind, m.units, m.answer_digest, m.call_key,
       b.first, b.last, b.previous, b.digest
FROM meter m LEFT JOIN meter_batch b ON b.id = m.batch
ORDER BY m.id;
