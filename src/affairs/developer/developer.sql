-- name: admission_insert :one
INSERT INTO admission (agreement_id, operator_id, developer_id, rule, management, security, document_id, document_digest, applied_day,
                       report_months)
VALUES (:agreement, :operator, :developer, :rule, :management, :security, :document, :digest, :today, :months) RETURNING id;

-- name: admission_by_id :one
SELECT a.*, d.name AS developer, d.credit_code AS developer_code, o.name AS operator, c.state AS state
FROM admission a
JOIN party d ON d.id = a.developer_id
JOIN party o ON o.id = a.operator_id
JOIN workflow_case c ON c.kind = 'admission' AND c.object_id = a.id
WHERE a.id = :id;

-- name: admission_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM admission WHERE :late = 0 AND :own IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM admission WHERE :late = 0 AND developer_id = :own AND id > :after
                          ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM admission WHERE :late = 0 AND operator_id = :own AND id > :after
                          ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM admission
                          WHERE :late = 1 AND late_since IS NOT NULL AND (:own IS NULL OR developer_id = :own OR operator_id = :own)
                            AND id > :after
                          ORDER BY id LIMIT :limit) AS way
)
SELECT a.*, d.name AS developer, d.credit_code AS developer_code, o.name AS operator, c.state AS state
FROM page CROSS JOIN admission a
JOIN party d ON d.id = a.developer_id
JOIN party o ON o.id = a.operator_id
JOIN workflow_case c ON c.kind = 'admission' AND c.object_id = a.id
WHERE a.id = page.id
ORDER BY a.id LIMIT :limit;

-- name: admission_set_contract :exec
UPDATE admission SET contract_id = :document, contract_digest = :digest, from_day = :from, until_day = :until WHERE id = :id;

-- name: admission_set_next_report :exec
UPDATE admission SET next_report_day = :day, late_since = NULL WHERE id = :id;

-- name: admission_set_late :exec
UPDATE admission SET late_since = :today WHERE id = :id;

-- name: admission_newly_late :many
SELECT a.id FROM admission a CROSS JOIN workflow_case c
WHERE c.kind = 'admission' AND c.object_id = a.id
  AND c.state = 'in_force' AND a.late_since IS NULL AND a.next_report_day < :today
ORDER BY a.next_report_day, a.id LIMIT 100;

-- name: admissions_of_agreement :many
SELECT a.id FROM admission a
JOIN workflow_case c ON c.kind = 'admission' AND c.object_id = a.id
WHERE a.agreement_id = :agreement AND c.state = 'in_force' ORDER BY a.id;

-- name: development_report_insert :one
INSERT INTO development_report (admission_id, due_day, document_id, document_digest, late, at)
VALUES (:admission, :due, :document, :digest, :late, :at) RETURNING id;

-- name: development_report_list :many
SELECT id, admission_id, due_day, document_id, document_digest, late, at FROM development_report
WHERE admission_id = :admission AND id > :after ORDER BY id LIMIT :limit;
