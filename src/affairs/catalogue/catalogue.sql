-- name: entry_insert :one
INSERT INTO entry (resource_id, resource_version, provider_id, code, title, abstract, category, industry, region, grade,
                   level, version, listed)
SELECT r.id, r.version, r.party_id, r.code, r.title, r.abstract, r.category, r.industry, r.region, r.grade, r.level, 0, 0
FROM resource r WHERE r.id = :resource
RETURNING id;

-- name: entry_by_id :one
SELECT e.*, p.name AS provider, c.state AS state, c.due AS due
FROM entry e
JOIN party p ON p.id = e.provider_id
JOIN workflow_case c ON c.kind = 'entry' AND c.object_id = e.id
WHERE e.id = :id;

-- In force, and so in public: listed, of a resource that is registered still and has not been graded core since.

-- name: entry_public :one
SELECT e.id, e.resource_id, e.resource_version, e.code, e.title, e.abstract, e.category, e.industry, e.region, e.grade,
       e.level, e.version, e.listed_at, e.provider_id, p.name AS provider
FROM entry e JOIN party p ON p.id = e.provider_id
JOIN resource r ON r.id = e.resource_id
JOIN workflow_case rc ON rc.kind = 'resource' AND rc.object_id = e.resource_id
WHERE e.id = :id AND e.listed = 1 AND rc.state = 'registered' AND (r.grade IS NULL OR r.grade <> 'core');

-- name: entry_public_list :many
SELECT e.id, e.resource_id, e.resource_version, e.code, e.title, e.abstract, e.category, e.industry, e.region, e.grade,
       e.level, e.version, e.listed_at, e.provider_id, p.name AS provider
FROM entry e CROSS JOIN workflow_case rc JOIN party p ON p.id = e.provider_id
JOIN resource r ON r.id = e.resource_id
WHERE rc.kind = 'resource' AND rc.object_id = e.resource_id
  AND e.listed = 1 AND e.id > :after AND rc.state = 'registered' AND (r.grade IS NULL OR r.grade <> 'core')
ORDER BY e.id LIMIT :limit;

-- name: entry_search :many
SELECT e.id, e.resource_id, e.resource_version, e.code, e.title, e.abstract, e.category, e.industry, e.region, e.grade,
       e.level, e.version, e.listed_at, e.provider_id, p.name AS provider
FROM entry_search s
JOIN entry e ON e.id = s.rowid
JOIN party p ON p.id = e.provider_id
JOIN resource r ON r.id = e.resource_id
JOIN workflow_case rc ON rc.kind = 'resource' AND rc.object_id = e.resource_id
WHERE s.entry_search MATCH :match AND s.rowid > :after AND rc.state = 'registered' AND (r.grade IS NULL OR r.grade <> 'core')
ORDER BY s.rowid LIMIT :limit;
-- postgresql:
SELECT e.id, e.resource_id, e.resource_version, e.code, e.title, e.abstract, e.category, e.industry, e.region, e.grade,
       e.level, e.version, e.listed_at, e.provider_id, p.name AS provider
FROM entry_search s
JOIN entry e ON e.id = s.rowid
JOIN party p ON p.id = e.provider_id
JOIN resource r ON r.id = e.resource_id
JOIN workflow_case rc ON rc.kind = 'resource' AND rc.object_id = e.resource_id
WHERE s.tokens @> :match:tokens AND s.folded LIKE ALL (:match:patterns)
  AND s.rowid > :after AND rc.state = 'registered' AND (r.grade IS NULL OR r.grade <> 'core')
ORDER BY s.rowid LIMIT :limit;

-- EXISTS, so that the walk goes along the hits and ends at the cap: as a join it may begin with every resource.
-- name: entry_search_count :one
SELECT COUNT(*) AS hits FROM (SELECT s.rowid FROM entry_search s
WHERE s.entry_search MATCH :match AND EXISTS (SELECT 1 FROM entry e
    JOIN resource r ON r.id = e.resource_id
    JOIN workflow_case rc ON rc.kind = 'resource' AND rc.object_id = e.resource_id
    WHERE e.id = s.rowid AND rc.state = 'registered' AND (r.grade IS NULL OR r.grade <> 'core')) LIMIT :cap) AS capped;
-- postgresql:
SELECT COUNT(*) AS hits FROM (SELECT s.rowid FROM entry_search s
WHERE s.tokens @> :match:tokens AND s.folded LIKE ALL (:match:patterns) AND EXISTS (SELECT 1 FROM entry e
    JOIN resource r ON r.id = e.resource_id
    JOIN workflow_case rc ON rc.kind = 'resource' AND rc.object_id = e.resource_id
    WHERE e.id = s.rowid AND rc.state = 'registered' AND (r.grade IS NULL OR r.grade <> 'core')) LIMIT :cap) AS capped;

-- name: entry_search_text :one
SELECT e.title || ' ' || e.code || ' ' || COALESCE(e.abstract, '') || ' ' || COALESCE(e.category, '') || ' ' ||
       COALESCE(e.industry, '') || ' ' || COALESCE(e.region, '') || ' ' || p.name AS text
FROM entry e JOIN party p ON p.id = e.provider_id WHERE e.id = :id;

-- name: entry_search_add :exec
INSERT INTO entry_search (rowid, text) VALUES (:id, :text);
-- postgresql:
INSERT INTO entry_search (rowid, text, folded, tokens) VALUES (:id, :text, :text:folded, :text:tokens);

-- name: entry_search_remove :exec
DELETE FROM entry_search WHERE rowid = :id;

-- name: entry_cases :many
WITH page AS (
    SELECT id FROM (SELECT id FROM entry WHERE :own IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM entry WHERE provider_id = :own AND id > :after ORDER BY id LIMIT :limit) AS way
)
SELECT e.*, p.name AS provider, c.state AS state, c.due AS due
FROM page CROSS JOIN entry e
JOIN party p ON p.id = e.provider_id
JOIN workflow_case c ON c.kind = 'entry' AND c.object_id = e.id
WHERE e.id = page.id
ORDER BY e.id LIMIT :limit;

-- name: entry_take_resource :exec
UPDATE entry SET
    resource_version = (SELECT r.version FROM resource r WHERE r.id = entry.resource_id),
    title = (SELECT r.title FROM resource r WHERE r.id = entry.resource_id),
    abstract = (SELECT r.abstract FROM resource r WHERE r.id = entry.resource_id),
    category = (SELECT r.category FROM resource r WHERE r.id = entry.resource_id),
    industry = (SELECT r.industry FROM resource r WHERE r.id = entry.resource_id),
    region = (SELECT r.region FROM resource r WHERE r.id = entry.resource_id),
    grade = (SELECT r.grade FROM resource r WHERE r.id = entry.resource_id),
    level = (SELECT r.level FROM resource r WHERE r.id = entry.resource_id),
    version = version + 1, listed = 1, listed_at = :at
WHERE id = :id;

-- name: entry_delist :exec
UPDATE entry SET listed = 0 WHERE id = :id;

-- name: entry_version_insert :exec
INSERT INTO entry_version (entry_id, version, resource_version, grade, level, consulted, at)
SELECT id, version, resource_version, grade, level, :consulted, :at FROM entry WHERE id = :id;

-- name: entry_version_list :many
SELECT v.id, v.entry_id, v.version, v.resource_version, v.grade, v.level, v.consulted, v.at
FROM entry_version v JOIN entry e ON e.id = v.entry_id
WHERE v.entry_id = :entry AND v.id > :after ORDER BY v.id LIMIT :limit;

-- name: entry_last_consultation :one
SELECT v.event FROM workflow_case c JOIN workflow_event v ON v.case_id = c.id
WHERE c.kind = 'entry' AND c.object_id = :entry AND v.event IN ('record_absence', 'concur')
ORDER BY v.id DESC LIMIT 1;

-- name: authorisation_insert :one
INSERT INTO authorisation (entry_id, provider_id, agreement_id, conditions, from_day, until_day)
VALUES (:entry, :provider, :agreement, :conditions, :from, :until) RETURNING id;

-- name: authorisation_by_id :one
SELECT a.id, a.entry_id, a.provider_id, a.agreement_id, a.conditions, a.from_day, a.until_day, c.state AS state,
       (SELECT g.operator_id FROM agreement g WHERE g.id = a.agreement_id) AS operator_id
FROM authorisation a JOIN workflow_case c ON c.kind = 'authorisation' AND c.object_id = a.id
WHERE a.id = :id;

-- name: authorisation_list :many
WITH page AS (
    SELECT id FROM (SELECT a.id FROM authorisation a
                    WHERE :own IS NULL AND :entry IS NULL AND a.id > :after
                      AND (:operator IS NULL OR a.agreement_id IS NULL
                           OR EXISTS (SELECT 1 FROM agreement g WHERE g.id = a.agreement_id AND g.operator_id = :operator))
                    ORDER BY a.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT a.id FROM authorisation a
                          WHERE a.entry_id = :entry AND (:own IS NULL OR a.provider_id = :own) AND a.id > :after
                            AND (:operator IS NULL OR a.agreement_id IS NULL
                                 OR EXISTS (SELECT 1 FROM agreement g WHERE g.id = a.agreement_id AND g.operator_id = :operator))
                          ORDER BY a.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM authorisation WHERE :entry IS NULL AND provider_id = :own AND id > :after
                          ORDER BY id LIMIT :limit) AS way
)
SELECT a.id, a.entry_id, a.provider_id, a.agreement_id, a.conditions, a.from_day, a.until_day, c.state AS state
FROM page CROSS JOIN authorisation a
JOIN workflow_case c ON c.kind = 'authorisation' AND c.object_id = a.id
WHERE a.id = page.id
ORDER BY a.id LIMIT :limit;

-- name: authorisation_in_force :one
SELECT a.id FROM authorisation a CROSS JOIN workflow_case c
WHERE c.kind = 'authorisation' AND c.object_id = a.id
  AND a.entry_id = :entry AND c.state = 'in_force' AND (a.agreement_id IS NULL OR a.agreement_id = :agreement)
  AND a.from_day <= :today AND (a.until_day IS NULL OR a.until_day >= :today)
LIMIT 1;
