-- name: store_ping :one
SELECT 1 AS one;
