-- name: document_insert :one
INSERT INTO document (party_id, title, kind, media_type, size, digest, at)
VALUES (:party, :title, :kind, :media_type, :size, :digest, :at) RETURNING id;

-- name: document_set_digest :exec
UPDATE document SET digest = :digest WHERE id = :id;

-- name: document_by_id :one
SELECT id, party_id, title, kind, media_type, size, digest, at FROM document WHERE id = :id;

-- name: document_list :many
SELECT d.id, d.party_id, d.title, d.kind, d.media_type, d.size, d.digest, d.at FROM document d
WHERE d.id > :after AND d.digest <> ''
  AND (:own IS NULL OR d.party_id = :own
       OR EXISTS (SELECT 1 FROM document_reader r WHERE r.document_id = d.id AND r.party_id = :own))
ORDER BY d.id LIMIT :limit;

-- name: document_reader_add :exec
INSERT INTO document_reader (document_id, party_id) VALUES (:document, :party) ON CONFLICT DO NOTHING;

-- name: document_reader_find :one
SELECT id FROM document_reader WHERE document_id = :document AND party_id = :party;
