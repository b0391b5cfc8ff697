-- name: workflow_case_by_object :one
SELECT id, version, state, since, due FROM workflow_case WHERE kind = :kind AND object_id = :object_id;

-- name: workflow_case_add :one
INSERT INTO workflow_case (kind, object_id, version, state, since, due)
VALUES (:kind, :object_id, :version, :state, :since, :due)
RETURNING id;

-- name: workflow_case_move :exec
UPDATE workflow_case SET state = :state, since = :since, due = :due WHERE id = :id;

-- name: workflow_event_add :exec
INSERT INTO workflow_event (case_id, event, from_state, to_state, account, party, at, reason, entry)
VALUES (:case_id, :event, :from_state, :to_state, :account, :party, :at, :reason, :entry);

-- name: workflow_event_last :one
SELECT account FROM workflow_event WHERE case_id = :case_id AND event = :event ORDER BY id DESC LIMIT 1;

-- name: workflow_event_list :many
SELECT e.event, e.from_state, e.to_state, e.account, e.party, e.at, e.reason, e.entry
FROM workflow_case c JOIN workflow_event e ON e.case_id = c.id
WHERE c.kind = :kind AND c.object_id = :object_id
ORDER BY e.id;

-- name: workflow_case_overdue :many
SELECT kind, object_id, state, due FROM workflow_case
WHERE due IS NOT NULL AND due <= :now
ORDER BY due, id LIMIT :limit;
