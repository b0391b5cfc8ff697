-- name: notice_insert :one
INSERT INTO notice (party_id, kind, object, object_id, title, body, from_at, until_at)
VALUES (:party, :kind, :object, :object_id, :title, :body, :from, :until) RETURNING id;

-- name: notice_by_id :one
SELECT id, kind, object, object_id, title, body, from_at, until_at FROM notice WHERE id = :id;

-- Those whose time has not run out are few: the plus keeps the walk away from the numbers of all that has ended.
-- name: notice_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM notice WHERE :open = 0 AND :kind IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM notice WHERE :open = 0 AND kind = :kind AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM notice
                          WHERE :open = 1 AND until_at IS NULL AND (:kind IS NULL OR kind = :kind) AND id > :after
                          ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM notice
                          WHERE :open = 1 AND until_at > :now AND (:kind IS NULL OR kind = :kind) AND +id > :after
                          ORDER BY +id LIMIT :limit) AS way
)
SELECT n.id, n.kind, n.object, n.object_id, n.title, n.body, n.from_at, n.until_at
FROM page CROSS JOIN notice n
WHERE n.id = page.id
ORDER BY n.id LIMIT :limit;
