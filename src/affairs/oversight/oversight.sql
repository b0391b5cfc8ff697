-- name: credit_entry_insert :one
INSERT INTO credit_entry (credit_code, about, kind, serious, occurred_day, expires_day, about_id, summary, document_id,
                          party_id, at)
VALUES (:credit_code, :about, :kind, :serious, :occurred, :expires, :about_id, :summary, :document, :party, :at)
RETURNING id;

-- name: credit_entry_by_id :one
SELECT id, credit_code, about, kind, serious, occurred_day, expires_day, about_id, summary, document_id, party_id, at
FROM credit_entry WHERE id = :id;

-- name: credit_entry_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM credit_entry WHERE :credit_code IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM credit_entry WHERE credit_code = :credit_code AND id > :after ORDER BY id LIMIT :limit) AS way
)
SELECT e.id, e.credit_code, e.about, e.kind, e.serious, e.occurred_day, e.expires_day, e.about_id, e.summary, e.document_id, e.party_id, e.at
FROM page CROSS JOIN credit_entry e
WHERE e.id = page.id
ORDER BY e.id LIMIT :limit;

-- name: credit_entry_standing :many
SELECT e.id, e.about, e.kind, e.serious, e.occurred_day, e.expires_day
FROM credit_entry e
WHERE e.credit_code = :credit_code AND e.kind IN ('incident', 'violation')
  AND (e.expires_day IS NULL OR e.expires_day >= :applied)
  AND (e.occurred_day > :since AND e.occurred_day <= :applied OR e.serious = 1 AND e.occurred_day <= :applied)
  AND NOT EXISTS (SELECT 1 FROM credit_entry r
                  WHERE r.about_id = e.id AND r.kind IN ('repair', 'correction') AND r.occurred_day <= :applied)
ORDER BY e.occurred_day LIMIT 20;
