-- name: selection_insert :one
INSERT INTO selection (title, mode, scope, necessity, conditions, criteria, open, basis, exclusive, applications_until)
VALUES (:title, :mode, :scope, :necessity, :conditions, :criteria, :open, :basis, :exclusive, :until) RETURNING id;

-- name: selection_update :exec
UPDATE selection SET title = :title, mode = :mode, scope = :scope, necessity = :necessity, conditions = :conditions,
    criteria = :criteria, open = :open, basis = :basis, exclusive = :exclusive, applications_until = :until
WHERE id = :id;

-- name: selection_by_id :one
SELECT s.*, c.state AS state FROM selection s
JOIN workflow_case c ON c.kind = 'selection' AND c.object_id = s.id
WHERE s.id = :id;

-- name: selection_list :many
SELECT s.*, c.state AS state FROM selection s CROSS JOIN workflow_case c
WHERE c.kind = 'selection' AND c.object_id = s.id
  AND s.id > :after AND (c.state <> 'draft' OR :drafts = 1)
ORDER BY s.id LIMIT :limit;

-- name: selection_set_winner :exec
UPDATE selection SET winner_id = :application WHERE id = :id;

-- name: selection_set_publicity :exec
UPDATE selection SET publicity_until = :until WHERE id = :id;

-- name: selection_outcome :one
SELECT s.id, s.mode, s.scope, s.necessity, s.exclusive, a.party_id AS operator_id, c.state AS state
FROM selection s
JOIN workflow_case c ON c.kind = 'selection' AND c.object_id = s.id
LEFT JOIN application a ON a.id = s.winner_id
WHERE s.id = :id;

-- name: application_insert :one
INSERT INTO application (selection_id, party_id, capability, ecosystem, security, document_id, document_digest, applied_day)
VALUES (:selection, :party, :capability, :ecosystem, :security, :document, :digest, :today) RETURNING id;

-- name: application_by_id :one
SELECT a.*, p.name AS applicant, p.credit_code FROM application a JOIN party p ON p.id = a.party_id WHERE a.id = :id;

-- name: application_list :many
SELECT a.*, p.name AS applicant, p.credit_code FROM application a JOIN party p ON p.id = a.party_id
WHERE a.selection_id = :selection AND a.id > :after AND (:own IS NULL OR a.party_id = :own)
ORDER BY a.id LIMIT :limit;

-- name: scorer_insert :one
INSERT INTO scorer (selection_id, account_id, party_id, role, declared)
VALUES (:selection, :account, :party, :role, 0) RETURNING id;

-- name: scorer_of_account :one
SELECT id, selection_id, account_id, party_id, role, declared FROM scorer
WHERE selection_id = :selection AND account_id = :account;

-- name: scorer_declare :exec
UPDATE scorer SET declared = :declared, declaration = :declaration WHERE id = :id;

-- name: scorer_list :many
SELECT id, selection_id, account_id, party_id, role, declared FROM scorer
WHERE selection_id = :selection AND id > :after ORDER BY id LIMIT :limit;

-- name: score_set :exec
INSERT INTO score (application_id, scorer_id, criterion, points) VALUES (:application, :scorer, :criterion, :points)
ON CONFLICT (application_id, scorer_id, criterion) DO UPDATE SET points = excluded.points;

-- name: score_list :many
SELECT s.id, s.application_id, s.scorer_id, s.criterion, s.points
FROM score s JOIN application a ON a.id = s.application_id
JOIN scorer r ON r.id = s.scorer_id
WHERE a.selection_id = :selection AND r.declared = 1
ORDER BY s.id;

-- name: score_completeness :one
SELECT (SELECT COUNT(*) FROM application a WHERE a.selection_id = :selection) AS applications,
       (SELECT COUNT(*) FROM scorer r WHERE r.selection_id = :selection AND r.declared = 1) AS scorers,
       (SELECT COUNT(*) FROM scorer r WHERE r.selection_id = :selection AND r.declared = 1 AND r.role = 'provider') AS providers,
       (SELECT COUNT(*) FROM scorer r WHERE r.selection_id = :selection AND r.declared = 0) AS undeclared,
       (SELECT COUNT(*) FROM score s JOIN application a ON a.id = s.application_id JOIN scorer r ON r.id = s.scorer_id
        WHERE a.selection_id = :selection AND r.declared = 1) AS scores;

-- name: objection_insert :one
INSERT INTO objection (selection_id, text, contact, at) VALUES (:selection, :text, :contact, :at) RETURNING id;

-- name: objection_settle :exec
UPDATE objection SET settlement = :settlement, settled_at = :at WHERE id = :id AND selection_id = :selection AND settled_at IS NULL;

-- name: objection_list :many
SELECT id, selection_id, text, settlement, at, settled_at FROM objection
WHERE selection_id = :selection AND id > :after ORDER BY id LIMIT :limit;

-- name: objection_open :one
SELECT COUNT(*) AS open FROM objection WHERE selection_id = :selection AND settled_at IS NULL;
