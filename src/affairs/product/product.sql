-- name: product_insert :one
INSERT INTO product (tier, kind, room_id, agreement_id, party_id, operator_id, title, description, query_id, spec, drafted_by, made_at)
VALUES (:tier, :kind, :room, :agreement, :party, :operator, :title, :description, :query, :spec, :account, :at) RETURNING id;

-- name: product_row :one
SELECT * FROM product WHERE id = :id;

-- name: product_by_id :one
SELECT p.*, o.name AS owner, r.name AS operator, r.credit_code AS operator_code, c.state AS state
FROM product p
JOIN party o ON o.id = p.party_id
JOIN party r ON r.id = p.operator_id
JOIN workflow_case c ON c.kind = 'product' AND c.object_id = p.id
WHERE p.id = :id;

-- name: product_list :many
SELECT p.*, o.name AS owner, r.name AS operator, c.state AS state
FROM product p CROSS JOIN workflow_case c
JOIN party o ON o.id = p.party_id
JOIN party r ON r.id = p.operator_id
WHERE c.kind = 'product' AND c.object_id = p.id
  AND p.id > :after AND (:tier IS NULL OR p.tier = :tier) AND (:kind IS NULL OR p.kind = :kind) AND (:state IS NULL OR c.state = :state)
  AND (c.state = 'listed' OR :all = 1 OR p.party_id = :own OR p.operator_id = :own)
ORDER BY p.id LIMIT :limit;

-- name: product_set_made :exec
UPDATE product SET digest = :digest, shape = :shape, report = :report, release_rule = :rule, made_at = :at WHERE id = :id;

-- name: product_set_sheet :exec
UPDATE product SET sheet_by = :account, sheet_at = :at WHERE id = :id;

-- name: product_set_decision :exec
UPDATE product SET decision = :decision, decision_reason = :reason, decided_at = :at, approved_digest = :digest WHERE id = :id;

-- name: product_set_listing :exec
UPDATE product SET listing = :listing WHERE id = :id;

-- name: product_set_delisted :exec
UPDATE product SET delisted_at = :at WHERE id = :id AND delisted_at IS NULL;

-- name: products_to_delist :many
SELECT p.id, p.listing FROM product p CROSS JOIN workflow_case c
WHERE c.kind = 'product' AND c.object_id = p.id
  AND c.state = 'withdrawn' AND p.listing IS NOT NULL AND p.delisted_at IS NULL
ORDER BY p.id LIMIT 100;

-- name: product_source_insert :exec
INSERT INTO product_source (product_id, resource_id, provider_id, weight) VALUES (:product, :resource, :provider, :weight)
ON CONFLICT (product_id, resource_id) DO NOTHING;

-- name: product_providers :many
SELECT s.provider_id, SUM(s.weight) AS weight FROM product_source s
WHERE s.product_id = :product GROUP BY s.provider_id ORDER BY s.provider_id;

-- name: filing_insert :exec
INSERT INTO filing (product_id, operator_id, decision, reason, digest, release_rule, filed_at)
VALUES (:product, :operator, :decision, :reason, :digest, :rule, :at);

-- name: filing_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM filing WHERE :own IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM filing WHERE operator_id = :own AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT f.id FROM product p CROSS JOIN filing f
                          WHERE p.party_id = :own AND f.product_id = p.id AND f.id > :after ORDER BY f.id LIMIT :limit) AS way
)
SELECT f.id, f.product_id, f.operator_id, f.decision, f.reason, f.digest, f.release_rule, f.filed_at,
       p.title, p.tier, p.kind, p.party_id, o.name AS owner, r.name AS operator
FROM page CROSS JOIN filing f
JOIN product p ON p.id = f.product_id
JOIN party o ON o.id = p.party_id
JOIN party r ON r.id = f.operator_id
WHERE f.id = page.id
ORDER BY f.id LIMIT :limit;

-- name: filing_of_product :one
SELECT id, decision, digest FROM filing WHERE product_id = :product;

-- name: order_last_seen :one
SELECT COALESCE(MAX(exchange_order), 0) AS last FROM product_order;

-- name: order_insert :one
INSERT INTO product_order (exchange_order, product_id, customer_id, customer_name, customer_code, quantity, used, purpose, valid_until,
                           state, reason, at)
VALUES (:number, :product, :customer, :name, :code, :quantity, 0, :purpose, :until, :state, :reason, :at)
ON CONFLICT (exchange_order) DO NOTHING
RETURNING id;

-- name: order_unanswered :many
SELECT id, exchange_order, state, reason FROM product_order
WHERE answered_at IS NULL AND id > :after ORDER BY id LIMIT 100;

-- name: order_set_answered :exec
UPDATE product_order SET answered_at = :at WHERE id = :id AND answered_at IS NULL;

-- name: order_by_id :one
SELECT o.*, p.operator_id, p.party_id AS owner_id, p.kind, p.tier, p.title
FROM product_order o LEFT JOIN product p ON p.id = o.product_id
WHERE o.id = :id;

-- name: order_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM product_order WHERE :own IS NULL AND :product IS NULL AND id > :after
                    ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT o.id FROM product_order o LEFT JOIN product p ON p.id = o.product_id
                          WHERE o.product_id = :product AND o.id > :after
                            AND (:own IS NULL OR o.customer_id = :own OR p.party_id = :own OR p.operator_id = :own)
                          ORDER BY o.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM product_order WHERE :product IS NULL AND customer_id = :own AND id > :after
                          ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT o.id FROM product p CROSS JOIN product_order o
                          WHERE :product IS NULL AND p.party_id = :own AND o.product_id = p.id AND o.id > :after
                          ORDER BY o.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT o.id FROM product_order o CROSS JOIN product p
                          WHERE :product IS NULL AND EXISTS (SELECT 1 FROM product WHERE operator_id = :own)
                            AND o.id > :after AND p.id = o.product_id AND p.operator_id = :own
                          ORDER BY o.id LIMIT :limit) AS way
)
SELECT o.*, p.operator_id, p.party_id AS owner_id, p.kind, p.tier, p.title
FROM page CROSS JOIN product_order o LEFT JOIN product p ON p.id = o.product_id
WHERE o.id = page.id
ORDER BY o.id LIMIT :limit;

-- name: order_take :exec
UPDATE product_order SET used = used + :calls WHERE id = :id AND used + :calls <= quantity;

-- name: order_to_call :one
SELECT o.id, o.quantity, o.used, p.kind, p.approved_digest,
       (SELECT COUNT(*) FROM legal_basis b WHERE b.order_id = o.id AND b.accepted_at IS NOT NULL AND b.withdrawn_at IS NULL
        AND b.until_day >= :today) AS bases
FROM product_order o
JOIN product p ON p.id = o.product_id
JOIN workflow_case c ON c.kind = 'product' AND c.object_id = p.id
JOIN agreement a ON a.id = p.agreement_id
JOIN workflow_case d ON d.kind = 'agreement' AND d.object_id = a.id
WHERE o.customer_id = :customer AND o.product_id = :product AND o.state = 'granted' AND o.used < o.quantity
  AND o.valid_until >= :today AND c.state = 'listed' AND d.state = 'in_force' AND a.from_day <= :today AND a.until_day >= :today
ORDER BY o.id LIMIT 1;

-- name: order_why_not :one
SELECT c.state AS product_state, d.state AS agreement_state, a.from_day, a.until_day,
       (SELECT COUNT(*) FROM product_order o WHERE o.customer_id = :customer AND o.product_id = p.id AND o.state = 'granted') AS orders,
       (SELECT COUNT(*) FROM product_order o WHERE o.customer_id = :customer AND o.product_id = p.id AND o.state = 'granted'
        AND o.valid_until >= :today) AS valid
FROM product p
JOIN workflow_case c ON c.kind = 'product' AND c.object_id = p.id
JOIN agreement a ON a.id = p.agreement_id
JOIN workflow_case d ON d.kind = 'agreement' AND d.object_id = a.id
WHERE p.id = :product;

-- name: meter_of_customer :one
SELECT m.id, m.kind, m.answer_digest FROM meter m
JOIN product_order o ON o.id = m.order_id
WHERE o.customer_id = :customer AND o.product_id = :product AND m.call_key = :key LIMIT 1;

-- name: consent_insert :one
INSERT INTO consent (product_id, customer_id, subject_token, given_at, until_day, document_id, document_digest, code_digest)
VALUES (:product, :customer, :token, :given, :until, :document, :digest, :code) RETURNING id;

-- name: consent_by_id :one
SELECT c.*, p.operator_id FROM consent c JOIN product p ON p.id = c.product_id WHERE c.id = :id;

-- name: consent_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM consent WHERE :own IS NULL AND :product IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT c.id FROM consent c JOIN product p ON p.id = c.product_id
                          WHERE c.product_id = :product AND c.id > :after
                            AND (:own IS NULL OR c.customer_id = :own OR p.operator_id = :own)
                          ORDER BY c.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM consent WHERE :product IS NULL AND customer_id = :own AND id > :after
                          ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT c.id FROM consent c CROSS JOIN product p
                          WHERE :product IS NULL AND EXISTS (SELECT 1 FROM product WHERE operator_id = :own)
                            AND c.id > :after AND p.id = c.product_id AND p.operator_id = :own
                          ORDER BY c.id LIMIT :limit) AS way
)
SELECT c.*, p.operator_id
FROM page CROSS JOIN consent c JOIN product p ON p.id = c.product_id
WHERE c.id = page.id
ORDER BY c.id LIMIT :limit;

-- name: consent_in_force :one
SELECT id FROM consent
WHERE customer_id = :customer AND product_id = :product AND subject_token = :token AND withdrawn_at IS NULL
  AND given_at <= :now AND until_day >= :today
LIMIT 1;

-- name: consent_set_withdrawn :exec
UPDATE consent SET withdrawn_at = :at, withdrawn_by = :by WHERE id = :id AND withdrawn_at IS NULL;

-- name: legal_basis_insert :one
INSERT INTO legal_basis (order_id, kind, text, document_id, document_digest, until_day, declared_at)
VALUES (:order, :kind, :text, :document, :digest, :until, :at) RETURNING id;

-- name: legal_basis_by_id :one
SELECT b.*, o.customer_id, p.operator_id FROM legal_basis b
JOIN product_order o ON o.id = b.order_id
JOIN product p ON p.id = o.product_id
WHERE b.id = :id;

-- name: legal_basis_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM legal_basis WHERE :own IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT b.id FROM product_order o CROSS JOIN legal_basis b
                          WHERE o.customer_id = :own AND b.order_id = o.id AND b.id > :after ORDER BY b.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT b.id FROM legal_basis b CROSS JOIN product_order o CROSS JOIN product p
                          WHERE EXISTS (SELECT 1 FROM product WHERE operator_id = :own)
                            AND b.id > :after AND o.id = b.order_id AND p.id = o.product_id AND p.operator_id = :own
                          ORDER BY b.id LIMIT :limit) AS way
)
SELECT b.*, o.customer_id, p.operator_id
FROM page CROSS JOIN legal_basis b
JOIN product_order o ON o.id = b.order_id
JOIN product p ON p.id = o.product_id
WHERE b.id = page.id
ORDER BY b.id LIMIT :limit;

-- name: legal_basis_set_accepted :exec
UPDATE legal_basis SET accepted_at = :at WHERE id = :id AND accepted_at IS NULL AND withdrawn_at IS NULL;

-- name: legal_basis_set_withdrawn :exec
UPDATE legal_basis SET withdrawn_at = :at, reason = :reason WHERE id = :id AND withdrawn_at IS NULL;

-- name: order_of_customer :one
SELECT id FROM product_order
WHERE customer_id = :customer AND product_id = :product AND state = 'granted'
ORDER BY id LIMIT 1;

-- name: product_of_case :one
SELECT object_id, state FROM workflow_case WHERE id = :id AND kind = 'product';
