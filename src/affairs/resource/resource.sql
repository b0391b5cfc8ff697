-- name: resource_insert :one
INSERT INTO resource (party_id, code, title, abstract, category, industry, region, period_from, period_to, format,
                      share_type, openness, share_mode, conditions, update_cycle_days, personal, origin, subject_item,
                      subject_kind, version, updated_day, changed_at)
VALUES (:party, :code, :title, :abstract, :category, :industry, :region, :period_from, :period_to, :format,
        :share_type, :openness, :share_mode, :conditions, :update_cycle_days, :personal, :origin, :subject_item,
        :subject_kind, 1, :updated_day, :at) RETURNING id;

-- name: resource_update :exec
UPDATE resource SET title = :title, abstract = :abstract, category = :category, industry = :industry, region = :region,
    period_from = :period_from, period_to = :period_to, format = :format, share_type = :share_type,
    openness = :openness, share_mode = :share_mode, conditions = :conditions, update_cycle_days = :update_cycle_days,
    personal = :personal, origin = :origin, subject_item = :subject_item, subject_kind = :subject_kind,
    version = :version, updated_day = COALESCE(:updated_day, updated_day), changed_at = :at
WHERE id = :id;

-- name: resource_set_grade :exec
UPDATE resource SET grade = :grade, level = :level, changed_at = :at WHERE id = :id;

-- name: resource_clear_grade :exec
UPDATE resource SET grade = NULL, level = NULL WHERE id = :id;

-- name: resource_set_updated :exec
UPDATE resource SET updated_day = :day, overdue_since = NULL WHERE id = :id;

-- name: resource_set_overdue :exec
UPDATE resource SET overdue_since = :today WHERE id = :id;

-- name: resource_overdue_new :many
SELECT r.id, r.party_id, r.title, r.code FROM resource r CROSS JOIN workflow_case c
WHERE c.kind = 'resource' AND c.object_id = r.id
  AND c.state = 'registered' AND r.overdue_since IS NULL AND r.update_cycle_days IS NOT NULL
  AND r.updated_day IS NOT NULL AND r.updated_day + r.update_cycle_days < :today
ORDER BY r.updated_day + r.update_cycle_days, r.id LIMIT 100;

-- name: resource_by_id :one
SELECT r.*, p.name AS provider, p.credit_code AS provider_code, c.state AS state
FROM resource r
JOIN party p ON p.id = r.party_id
JOIN workflow_case c ON c.kind = 'resource' AND c.object_id = r.id
WHERE r.id = :id;

-- name: resource_by_code :one
SELECT r.id, r.party_id, r.version, c.state AS state FROM resource r
JOIN workflow_case c ON c.kind = 'resource' AND c.object_id = r.id
WHERE r.code = :code;

-- name: resource_list :many
WITH page AS (
    SELECT id FROM (SELECT r.id FROM resource r CROSS JOIN workflow_case c
                    WHERE :overdue = 0 AND :provider IS NULL AND r.id > :after AND c.kind = 'resource' AND c.object_id = r.id
                      AND (c.state = 'registered' OR r.party_id = :own)
                    ORDER BY r.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT r.id FROM resource r CROSS JOIN workflow_case c
                          WHERE :overdue = 0 AND r.party_id = :provider AND r.id > :after AND c.kind = 'resource'
                            AND c.object_id = r.id AND (c.state = 'registered' OR r.party_id = :own)
                          ORDER BY r.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT r.id FROM resource r CROSS JOIN workflow_case c
                          WHERE :overdue = 1 AND r.overdue_since IS NOT NULL AND (:provider IS NULL OR r.party_id = :provider)
                            AND r.id > :after AND c.kind = 'resource' AND c.object_id = r.id
                            AND (c.state = 'registered' OR r.party_id = :own)
                          ORDER BY r.id LIMIT :limit) AS way
)
SELECT r.*, p.name AS provider, p.credit_code AS provider_code, c.state AS state
FROM page CROSS JOIN resource r
JOIN party p ON p.id = r.party_id
JOIN workflow_case c ON c.kind = 'resource' AND c.object_id = r.id
WHERE r.id = page.id
ORDER BY r.id LIMIT :limit;

-- name: resource_item_insert :exec
INSERT INTO resource_item (resource_id, version, position, name, title, type, length, nullable, "use", level, sensitive,
                           filterable, low, high)
VALUES (:resource, :version, :position, :name, :title, :type, :length, :nullable, :use, :level, :sensitive, :filterable,
        :low, :high);

-- name: resource_item_delete :exec
DELETE FROM resource_item WHERE resource_id = :resource AND version = :version;

-- name: resource_items :many
SELECT id, position, name, title, type, length, nullable, "use", level, sensitive, filterable, low, high
FROM resource_item WHERE resource_id = :resource AND version = :version ORDER BY position;

-- name: resource_description_insert :one
INSERT INTO resource_description (party_id, code, description, at) VALUES (:party, :code, :description, :at) RETURNING id;

-- name: resource_description_latest :one
SELECT id, description, at FROM resource_description WHERE party_id = :party AND code = :code ORDER BY id DESC LIMIT 1;

-- name: resource_description_list :many
SELECT id, code, description, at FROM resource_description WHERE party_id = :party AND code = :code AND id > :after
ORDER BY id LIMIT :limit;
