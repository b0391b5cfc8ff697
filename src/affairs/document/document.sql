-- name: document_insert :one
INSERT INTO document (party_id, title, kind, media_type, size, digest, at)
VALUES (:party, :title, :kind, :media_type, :size, :digest, :at) RETURNING id;

-- name: document_set_digest :exec
UPDATE document SET digest = :digest WHERE id = :id;

-- name: document_by_id :one
SELECT id, party_id, title, kind, media_type, size, digest, at FROM document WHERE id = :id;

-- name: document_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM document WHERE :own IS NULL AND digest <> '' AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM document WHERE party_id = :own AND digest <> '' AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT d.id FROM document_reader r CROSS JOIN document d
                          WHERE r.party_id = :own AND r.document_id > :after AND d.id = r.document_id AND d.digest <> ''
                          ORDER BY r.document_id LIMIT :limit) AS way
)
SELECT d.id, d.party_id, d.title, d.kind, d.media_type, d.size, d.digest, d.at
FROM page CROSS JOIN document d
WHERE d.id = page.id
ORDER BY d.id LIMIT :limit;

-- name: document_reader_add :exec
INSERT INTO document_reader (document_id, party_id) VALUES (:document, :party) ON CONFLICT DO NOTHING;

-- name: document_reader_find :one
SELECT id FROM document_reader WHERE document_id = :document AND party_id = :party;
