-- name: rule_insert :one
INSERT INTO rule (kind, owner_id, version, title, document_id, parameters, from_day)
VALUES (:kind, :owner,
        (SELECT COALESCE(MAX(r.version), 0) + 1 FROM rule r WHERE r.kind = :kind AND r.owner_id = :owner),
        :title, :document, :parameters, :from) RETURNING id, version;

-- name: rule_by_id :one
SELECT r.id, r.kind, r.owner_id, p.role AS owner_role, r.version, r.title, r.document_id, r.parameters, r.from_day, c.state AS state
FROM rule r
JOIN party p ON p.id = r.owner_id
JOIN workflow_case c ON c.kind = 'rule' AND c.object_id = r.id
WHERE r.id = :id;

-- name: rule_list :many
SELECT r.id, r.kind, r.owner_id, p.role AS owner_role, r.version, r.title, r.document_id, r.parameters, r.from_day, c.state AS state
FROM rule r CROSS JOIN workflow_case c
JOIN party p ON p.id = r.owner_id
WHERE c.kind = 'rule' AND c.object_id = r.id
  AND r.id > :after AND (:kind IS NULL OR r.kind = :kind) AND (:owner IS NULL OR r.owner_id = :owner)
  AND (c.state = 'in_force' OR :all = 1 OR r.owner_id = :own)
ORDER BY r.id LIMIT :limit;

-- name: rule_in_force :one
SELECT r.id, r.version, r.parameters
FROM rule r CROSS JOIN party p CROSS JOIN workflow_case c
WHERE p.id = r.owner_id AND c.kind = 'rule' AND c.object_id = r.id
  AND r.kind = :kind AND (r.owner_id = :owner OR :owner = 0 AND p.role = 'bureau') AND c.state = 'in_force' AND r.from_day <= :day
ORDER BY r.version DESC LIMIT 1;

-- name: rule_not_before :exec
UPDATE rule SET from_day = :today WHERE id = :id AND from_day < :today;
