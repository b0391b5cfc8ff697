-- name: agreement_insert :one
INSERT INTO agreement (selection_id, operator_id, mode, scope, necessity, exclusive, document_id, document_digest, trial_months,
                       from_day, term_from, until_day)
VALUES (:selection, :operator, :mode, :scope, :necessity, :exclusive, :document, :digest, :trial, :from, :term_from, :until)
RETURNING id;

-- name: agreement_by_id :one
SELECT a.*, p.name AS operator, p.credit_code AS operator_code, c.state AS state
FROM agreement a
JOIN party p ON p.id = a.operator_id
JOIN workflow_case c ON c.kind = 'agreement' AND c.object_id = a.id
WHERE a.id = :id;

-- name: agreement_list :many
SELECT a.*, p.name AS operator, p.credit_code AS operator_code, c.state AS state
FROM agreement a CROSS JOIN workflow_case c
JOIN party p ON p.id = a.operator_id
WHERE c.kind = 'agreement' AND c.object_id = a.id
  AND a.id > :after AND (:own IS NULL OR a.operator_id = :own)
ORDER BY a.id LIMIT :limit;

-- name: agreement_of_operator :one
SELECT a.id FROM agreement a
JOIN workflow_case c ON c.kind = 'agreement' AND c.object_id = a.id
WHERE a.operator_id = :operator AND c.state = 'in_force' AND a.from_day <= :today AND a.until_day >= :today
ORDER BY a.id DESC LIMIT 1;

-- name: agreement_others_of_operator :one
SELECT COUNT(*) AS others FROM agreement a CROSS JOIN workflow_case c
WHERE c.kind = 'agreement' AND c.object_id = a.id
  AND a.operator_id = :operator AND a.id <> :agreement AND c.state = 'in_force' AND a.until_day >= :today;

-- name: agreement_set_closed :exec
UPDATE agreement SET closed_at = :at WHERE id = :id;

-- name: deletion_certificate_insert :exec
INSERT INTO deletion_certificate (agreement_id, key_name, body, at)
SELECT a.id, :key, :body, :at FROM agreement a
WHERE a.id = :agreement
  AND NOT EXISTS (SELECT 1 FROM deletion_certificate d WHERE d.agreement_id = :agreement AND d.key_name = :key);

-- name: deletion_certificate_count :one
SELECT COUNT(*) AS certificates FROM deletion_certificate WHERE agreement_id = :agreement;

-- name: deletion_certificate_list :many
SELECT id, agreement_id, key_name, body, at FROM deletion_certificate
WHERE agreement_id = :agreement AND id > :after ORDER BY id LIMIT :limit;

-- name: agreement_hand_over_accounts :one
SELECT COUNT(*) AS accounts FROM account WHERE party_id = :operator AND state = 'hand_over';
