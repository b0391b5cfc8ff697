-- name: price_insert :one
INSERT INTO price (product_id, per_call_fen, waived, waiver_reason, from_day, party_id, at)
VALUES (:product, :price, :waived, :reason, :from, :party, :at) RETURNING id;

-- name: price_in_force :one
SELECT * FROM price WHERE product_id = :product AND from_day <= :day ORDER BY from_day DESC, id DESC LIMIT 1;

-- name: price_by_id :one
SELECT * FROM price WHERE id = :id;

-- name: price_list :many
SELECT * FROM price WHERE id > :after AND product_id = :product ORDER BY id LIMIT :limit;

-- name: order_unbilled_days :many
SELECT (m.at + 28800000000) / 86400000000 AS on_day, SUM(m.units) AS calls, MIN(m.id) AS first, MAX(m.id) AS last
FROM meter m
WHERE m.order_id = :order
  AND m.id > (SELECT COALESCE(MAX(b.last_meter), 0) FROM bill b WHERE b.order_id = :order AND b.reversed_by IS NULL)
GROUP BY (m.at + 28800000000) / 86400000000
ORDER BY on_day;

-- name: bill_insert :one
INSERT INTO bill (order_id, product_id, customer_id, first_meter, last_meter, from_day, until_day, calls, price_fen, waived_fen, due_fen,
                  formula, at)
VALUES (:order, :product, :customer, :first, :last, :from, :until, :calls, :price, :waived, :due, :formula, :at) RETURNING id;

-- name: bill_line_insert :exec
INSERT INTO bill_line (bill_id, on_day, price_id, per_call_fen, calls, price_fen, waived_fen)
VALUES (:bill, :day, :price_id, :per_call, :calls, :price, :waived);

-- name: bill_by_id :one
SELECT b.*, p.operator_id, p.party_id AS owner_id, p.title, c.name AS customer
FROM bill b
JOIN product p ON p.id = b.product_id
JOIN party c ON c.id = b.customer_id
WHERE b.id = :id;

-- Whoever has a part in a bill has a posting in its journal: customer, operator, owner, providers, bureau; five at most (the bureau without
-- providers). Bills are booked in the order of their numbers, so that a party's postings are in that order too.
-- name: bill_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM bill WHERE :own IS NULL AND :order IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT b.id FROM bill b
                          WHERE b.order_id = :order AND b.id > :after
                            AND (:own IS NULL OR EXISTS (SELECT 1 FROM journal j CROSS JOIN posting t
                                                         WHERE j.bill_id = b.id AND t.journal_id = j.id AND +t.party_id = :own))
                          ORDER BY b.id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT j.bill_id AS id FROM posting t CROSS JOIN journal j
                          WHERE :order IS NULL AND t.party_id = :own AND j.id = t.journal_id AND j.kind = 'bill' AND j.bill_id > :after
                            AND t.id > COALESCE((SELECT MAX(l.id) FROM journal k JOIN posting l ON l.journal_id = k.id
                                                 WHERE k.bill_id = :after AND k.kind = 'bill'), 0)
                          ORDER BY t.id LIMIT 5 * :limit) AS way
)
SELECT b.*, p.operator_id, p.party_id AS owner_id, p.title, c.name AS customer
FROM page CROSS JOIN bill b
JOIN product p ON p.id = b.product_id
JOIN party c ON c.id = b.customer_id
WHERE b.id = page.id
ORDER BY b.id LIMIT :limit;

-- name: bill_is_seen :one
SELECT b.id FROM bill b
WHERE b.id = :bill
  AND (:own IS NULL OR EXISTS (SELECT 1 FROM journal j CROSS JOIN posting t
                               WHERE j.bill_id = b.id AND t.journal_id = j.id AND +t.party_id = :own));

-- name: bill_lines :many
SELECT on_day, price_id, per_call_fen, calls, price_fen, waived_fen FROM bill_line WHERE bill_id = :bill ORDER BY id;

-- name: bill_later_alive :one
SELECT COUNT(*) AS later FROM bill b JOIN bill o ON o.id = :bill
WHERE b.order_id = o.order_id AND b.id > o.id AND b.reversed_by IS NULL;

-- name: bill_set_reversed :exec
UPDATE bill SET reversed_by = :journal WHERE id = :bill AND reversed_by IS NULL;

-- name: bureau_party :one
SELECT id FROM party WHERE role = 'bureau' ORDER BY id LIMIT 1;

-- name: journal_insert :one
INSERT INTO journal (kind, bill_id, reverses_id, reason, day, at)
VALUES (:kind, :bill, :reverses, :reason, :day, :at) RETURNING id;

-- name: journal_of_bill :one
SELECT id FROM journal WHERE bill_id = :bill AND kind = 'bill';

-- name: posting_insert :exec
INSERT INTO posting (journal_id, account, party_id, amount_fen, part, weight, weight_of, share, share_of)
VALUES (:journal, :account, :party, :amount, :part, :weight, :weight_of, :share, :share_of);

-- name: posting_sum :one
SELECT COALESCE(SUM(amount_fen), 0) AS total, COUNT(*) AS postings FROM posting WHERE journal_id = :journal;

-- name: posting_of_journal :many
SELECT t.*, y.name AS party FROM posting t JOIN party y ON y.id = t.party_id WHERE t.journal_id = :journal ORDER BY t.id;

-- name: share_of_bill :many
SELECT t.id, t.party_id, y.name AS party, t.part, t.weight, t.weight_of, t.share, t.share_of, -t.amount_fen AS amount_fen
FROM posting t
JOIN journal j ON j.id = t.journal_id
JOIN party y ON y.id = t.party_id
WHERE j.bill_id = :bill AND j.kind = 'bill' AND t.account = 'share' AND (:own IS NULL OR t.party_id = :own)
ORDER BY t.id;

-- name: ledger_list :many
WITH page AS (
    SELECT id FROM (SELECT id FROM posting WHERE :own IS NULL AND :bill IS NULL AND id > :after ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT id FROM posting WHERE :bill IS NULL AND party_id = :own AND id > :after
                          ORDER BY id LIMIT :limit) AS way
    UNION SELECT id FROM (SELECT t.id FROM journal j CROSS JOIN posting t
                          WHERE j.bill_id = :bill AND t.journal_id = j.id AND t.id > :after AND (:own IS NULL OR t.party_id = :own)
                          ORDER BY t.id LIMIT :limit) AS way
)
SELECT t.id, t.journal_id, t.account, t.party_id, y.name AS party, t.amount_fen, t.part, t.weight, t.weight_of, t.share, t.share_of,
       j.kind, j.bill_id, j.reverses_id, j.reason, j.day, j.at, b.formula
FROM page CROSS JOIN posting t
JOIN journal j ON j.id = t.journal_id
JOIN bill b ON b.id = j.bill_id
JOIN party y ON y.id = t.party_id
WHERE t.id = page.id
ORDER BY t.id LIMIT :limit;

-- name: balance_advance :exec
INSERT INTO balance (id, balance_fen, postings, last_posting)
SELECT t.party_id, SUM(t.amount_fen), COUNT(*), MAX(t.id) FROM posting t
WHERE t.party_id = :party AND t.id > COALESCE((SELECT b.last_posting FROM balance b WHERE b.id = :party), 0)
GROUP BY t.party_id
ON CONFLICT (id) DO UPDATE SET balance_fen = balance.balance_fen + excluded.balance_fen,
    postings = balance.postings + excluded.postings, last_posting = excluded.last_posting;

-- The parties that have postings, one look-up each, and of each what came after its balance was kept: nothing, as a rule.
-- name: balance_list :many
WITH RECURSIVE page (id, place) AS (
    SELECT CASE WHEN :own IS NULL THEN (SELECT MIN(t.party_id) FROM posting t WHERE t.party_id > :after)
           ELSE (SELECT y.id FROM party y WHERE y.id = :own AND y.id > :after
                 AND EXISTS (SELECT 1 FROM posting t WHERE t.party_id = y.id)) END, 1
    UNION ALL
    SELECT (SELECT MIN(t.party_id) FROM posting t WHERE t.party_id > page.id), page.place + 1 FROM page
    WHERE page.id IS NOT NULL AND :own IS NULL AND page.place < :limit
)
SELECT y.id, y.name AS party,
       COALESCE(b.balance_fen, 0) + COALESCE((SELECT SUM(t.amount_fen) FROM posting t
                                              WHERE t.party_id = y.id AND t.id > COALESCE(b.last_posting, 0)), 0) AS balance_fen,
       COALESCE(b.postings, 0) + (SELECT COUNT(*) FROM posting t
                                  WHERE t.party_id = y.id AND t.id > COALESCE(b.last_posting, 0)) AS postings
FROM page CROSS JOIN party y
LEFT JOIN balance b ON b.id = y.id
WHERE y.id = page.id
ORDER BY y.id LIMIT :limit;

-- For verification.
-- name: balance_wrong :many
SELECT b.id FROM balance b
WHERE b.balance_fen <> (SELECT COALESCE(SUM(t.amount_fen), 0) FROM posting t WHERE t.party_id = b.id AND t.id <= b.last_posting)
   OR b.postings <> (SELECT COUNT(*) FROM posting t WHERE t.party_id = b.id AND t.id <= b.last_posting)
ORDER BY b.id;

-- name: reversal_insert :one
INSERT INTO reversal (bill_id, operator_id, reason, at) VALUES (:bill, :operator, :reason, :at) RETURNING id;

-- name: reversal_by_id :one
SELECT r.*, c.state AS state FROM reversal r JOIN workflow_case c ON c.kind = 'reversal' AND c.object_id = r.id WHERE r.id = :id;

-- name: reversal_list :many
SELECT r.*, c.state AS state FROM reversal r CROSS JOIN workflow_case c
WHERE c.kind = 'reversal' AND c.object_id = r.id
  AND r.id > :after AND (:own IS NULL OR r.operator_id = :own) ORDER BY r.id LIMIT :limit;

-- name: reversal_row :one
SELECT * FROM reversal WHERE id = :id;
