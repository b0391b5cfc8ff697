-- What /metrics counts in the store: numbers over everybody, nobody's own.
-- name: metrics_counts :one
SELECT (SELECT count(*) FROM session WHERE ends_at > :now) AS sessions,
       (SELECT count(*) FROM workflow_case WHERE due IS NOT NULL AND due < :now) AS overdue,
       (SELECT coalesce(max(id), 0) FROM meter) AS metered;
