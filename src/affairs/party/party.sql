-- name: party_insert :one
INSERT INTO party (role, name, credit_code, region, created_at)
VALUES (:role, :name, :credit_code, :region, :at) RETURNING id;

-- name: party_by_id :one
SELECT p.id, p.role, p.name, p.credit_code, p.region, p.created_at, c.state AS state
FROM party p JOIN workflow_case c ON c.kind = 'party' AND c.object_id = p.id
WHERE p.id = :id;

-- name: party_by_credit_code :one
SELECT p.id, p.role, p.name, p.credit_code, p.region, p.created_at, c.state AS state
FROM party p JOIN workflow_case c ON c.kind = 'party' AND c.object_id = p.id
WHERE p.credit_code = :credit_code;

-- name: party_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM party WHERE :own IS NULL AND :role IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM party WHERE :own IS NULL AND role = :role AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM party WHERE id = :own AND id > :after AND (:role IS NULL OR role = :role)) AS way
)
SELECT p.id, p.role, p.name, p.credit_code, p.region, p.created_at, c.state AS state
FROM page CROSS JOIN party p
JOIN workflow_case c ON c.kind = 'party' AND c.object_id = p.id
WHERE p.id = page.id
ORDER BY p.id LIMIT :limit;

-- name: party_accounts_of_new :many
SELECT id FROM account WHERE party_id = :party AND state = 'pending' ORDER BY id;

-- name: account_insert :one
INSERT INTO account (party_id, role, login, name, password, duties, state, created_at)
VALUES (:party, :role, :login, :name, :password, :duties, :state, :at) RETURNING id;

-- name: account_by_login :one
SELECT id, party_id, role, login, name, password, duties, state FROM account WHERE login = :login;

-- name: account_by_id :one
SELECT id, party_id, role, login, name, password, duties, state, created_at FROM account WHERE id = :id;

-- name: account_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM account WHERE :party IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM account WHERE party_id = :party AND id > :after ORDER BY id LIMIT :limit) AS way
)
SELECT a.id, a.party_id, a.role, a.login, a.name, a.duties, a.state, a.created_at
FROM page CROSS JOIN account a
WHERE a.id = page.id
ORDER BY a.id LIMIT :limit;

-- name: account_set_state :exec
UPDATE account SET state = :state, duties = :duties WHERE id = :id;

-- name: account_set_password :exec
UPDATE account SET password = :password WHERE id = :id;

-- name: account_close_party :exec
UPDATE account SET state = CASE WHEN state = 'hand_over' THEN 'hand_over' ELSE 'ended' END
WHERE party_id = :party AND state <> 'ended';

-- name: account_next_acting :many
SELECT d.id, d.party_id, d.duties, d.from_day, d.until_day, p.name, p.role
FROM delegation d JOIN party p ON p.id = d.party_id
WHERE d.to_account_id = :account AND d.state = 'confirmed' AND d.from_day <= :today AND d.until_day >= :today
ORDER BY d.id;

-- name: session_insert :exec
INSERT INTO session (digest, account_id, csrf, seen_at, ends_at)
VALUES (:digest, :account, :csrf, :at, :ends);

-- name: session_find :one
SELECT s.account_id, s.csrf, s.seen_at, s.ends_at, s.delegation_id, a.party_id, a.role, a.duties, a.state,
       c.state AS party_state, d.party_id AS acting_party, d.duties AS acting_duties, d.from_day, d.until_day,
       d.state AS delegation_state, dp.role AS acting_role
FROM session s
JOIN account a ON a.id = s.account_id
LEFT JOIN workflow_case c ON c.kind = 'party' AND c.object_id = a.party_id
LEFT JOIN delegation d ON d.id = s.delegation_id
LEFT JOIN party dp ON dp.id = d.party_id
WHERE s.digest = :digest;

-- name: session_touch :exec
UPDATE session SET seen_at = :at WHERE digest = :digest AND seen_at <= :before;

-- name: session_act :exec
UPDATE session SET delegation_id = :delegation WHERE digest = :digest;

-- name: session_delete :exec
DELETE FROM session WHERE digest = :digest;

-- name: session_delete_account :exec
DELETE FROM session WHERE account_id = :account;

-- name: session_delete_party :exec
DELETE FROM session WHERE account_id IN (SELECT id FROM account WHERE party_id = :party);

-- name: session_prune :exec
DELETE FROM session WHERE ends_at < :at;

-- name: login_failure_find :one
SELECT failures, locked_until FROM login_failure WHERE login = :login;

-- name: login_failure_set :exec
INSERT INTO login_failure (login, failures, locked_until) VALUES (:login, :failures, :locked)
ON CONFLICT (login) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until;

-- name: login_failure_clear :exec
DELETE FROM login_failure WHERE login = :login;

-- name: token_insert :one
INSERT INTO token (account_id, title, digest, created_at, ends_at)
VALUES (:account, :title, :digest, :at, :ends) RETURNING id;

-- name: token_find :one
SELECT t.id, t.account_id, t.ends_at, a.party_id, a.role, a.duties, a.state, c.state AS party_state
FROM token t
JOIN account a ON a.id = t.account_id
LEFT JOIN workflow_case c ON c.kind = 'party' AND c.object_id = a.party_id
WHERE t.digest = :digest;

-- name: token_list :many
SELECT id, title, created_at, ends_at FROM token WHERE account_id = :account AND id > :after ORDER BY id LIMIT :limit;

-- name: token_delete :exec
DELETE FROM token WHERE id = :id AND account_id = :account;

-- name: token_delete_account :exec
DELETE FROM token WHERE account_id = :account;

-- name: token_delete_party :exec
DELETE FROM token WHERE account_id IN (SELECT id FROM account WHERE party_id = :party);

-- name: delegation_insert :one
INSERT INTO delegation (party_id, to_account_id, duties, from_day, until_day, basis, made_by, state)
VALUES (:party, :to, :duties, :from, :until, :basis, :by, 'proposed') RETURNING id;

-- name: delegation_by_id :one
SELECT id, party_id, to_account_id, duties, from_day, until_day, basis, made_by, state FROM delegation WHERE id = :id;

-- name: delegation_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM delegation WHERE :party IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM delegation WHERE party_id = :party AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT d.id FROM account a CROSS JOIN delegation d
                          WHERE a.party_id = :party AND d.to_account_id = a.id AND d.id > :after ORDER BY d.id LIMIT :limit) AS way
)
SELECT d.id, d.party_id, d.to_account_id, a.login AS to_login, d.duties, d.from_day, d.until_day, d.basis, d.made_by, d.state
FROM page CROSS JOIN delegation d JOIN account a ON a.id = d.to_account_id
WHERE d.id = page.id
ORDER BY d.id LIMIT :limit;

-- name: delegation_set_state :exec
UPDATE delegation SET state = :state WHERE id = :id;

-- name: delegation_end_party :exec
UPDATE delegation SET state = 'ended' WHERE party_id = :party AND state <> 'ended';

-- name: holding_insert :one
INSERT INTO holding (holder_code, held_code, share_bp, from_day, until_day, source)
VALUES (:holder, :held, :share, :from, :until, :source) RETURNING id;

-- name: holding_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM holding WHERE :code IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM holding WHERE holder_code = :code AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM holding WHERE held_code = :code AND id > :after ORDER BY id LIMIT :limit) AS way
)
SELECT h.id, h.holder_code, h.held_code, h.share_bp, h.from_day, h.until_day, h.source
FROM page CROSS JOIN holding h
WHERE h.id = page.id
ORDER BY h.id LIMIT :limit;

-- name: holding_neighbours :many
SELECT CASE WHEN holder_code = :code THEN held_code ELSE holder_code END AS code, holder_code, held_code, share_bp
FROM holding
WHERE (holder_code = :code OR held_code = :code) AND from_day <= :today AND (until_day IS NULL OR until_day >= :today)
ORDER BY id LIMIT 1000;

-- name: party_sessions_clear :exec
DELETE FROM session;

-- name: token_delete_lost :exec
DELETE FROM token WHERE id = :id;

-- name: token_delete_of_account :exec
DELETE FROM token WHERE account_id = :account;
