#include "peers/exchange/state.h"

#include "base/limits.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct exchange_state {
    sqlite3 *db;
};

/* This is another organisation's system in miniature, with a file of its own: its statements stand here and
 * not among the platform's. */
enum statement {
    ADD_CUSTOMER,
    CUSTOMER_BY_TOKEN,
    LISTED_OF_PRODUCT,
    ADD_LISTING,
    WITHDRAW,
    LISTING_BY_ID,
    LISTINGS,
    ADD_ORDER,
    ORDER_BY_REFERENCE,
    ORDERS,
    ORDER_BY_ID,
    ANSWER,
};

#define ORDER_COLUMNS                                                                                        \
    "SELECT o.id AS \"order\", o.listing, l.product, c.name, c.credit_code, o.quantity, o.purpose, "         \
    "o.reference, "                                                                                          \
    "o.state, o.reason, o.grant_ AS \"grant\", o.at, o.customer FROM order_ o JOIN listing l ON l.id = "     \
    "o.listing "                                                                                             \
    "JOIN customer c ON c.id = o.customer "

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, credit_code TEXT NOT "
    "NULL UNIQUE, "
    "token TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE IF NOT EXISTS listing (id INTEGER PRIMARY KEY, product INTEGER NOT NULL, digest TEXT NOT "
    "NULL, "
    "body TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX IF NOT EXISTS listing_listed ON listing (product) WHERE state = 'listed';"
    "CREATE TABLE IF NOT EXISTS order_ (id INTEGER PRIMARY KEY, listing INTEGER NOT NULL REFERENCES listing, "
    "customer INTEGER NOT NULL REFERENCES customer, quantity INTEGER NOT NULL, purpose TEXT NOT NULL, "
    "reference TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, grant_ INTEGER NOT NULL, at TEXT "
    "NOT NULL) "
    "STRICT;"
    "CREATE UNIQUE INDEX IF NOT EXISTS order_reference ON order_ (customer, reference) WHERE reference <> "
    "'';";

static const char *const statements[] = {
    [ADD_CUSTOMER] = "INSERT INTO customer (name, credit_code, token) VALUES (?1, ?2, ?3) RETURNING id",
    [CUSTOMER_BY_TOKEN] = "SELECT id FROM customer WHERE token = ?1",
    [LISTED_OF_PRODUCT] =
        "SELECT id AS listing, digest, state FROM listing WHERE product = ?1 AND state = 'listed'",
    [ADD_LISTING] =
        "INSERT INTO listing (product, digest, body, state, at) VALUES (?1, ?2, ?3, 'listed', ?4) "
        "RETURNING id AS listing, digest, state",
    [WITHDRAW] = "UPDATE listing SET state = 'withdrawn' WHERE id = ?1 RETURNING id",
    [LISTING_BY_ID] = "SELECT id AS listing, state FROM listing WHERE id = ?1",
    [LISTINGS] =
        "SELECT id AS listing, product, body, at FROM listing WHERE id > ?1 AND state = 'listed' ORDER BY id "
        "LIMIT ?2",
    [ADD_ORDER] =
        "INSERT INTO order_ (listing, customer, quantity, purpose, reference, state, reason, grant_, at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, 'placed', '', 0, ?6) RETURNING id AS \"order\"",
    [ORDER_BY_REFERENCE] =
        "SELECT id AS \"order\", listing, quantity FROM order_ WHERE customer = ?1 AND reference = ?2",
    [ORDERS] = ORDER_COLUMNS "WHERE o.id > ?1 ORDER BY o.id LIMIT ?2",
    [ORDER_BY_ID] = ORDER_COLUMNS "WHERE o.id = ?1",
    [ANSWER] = "UPDATE order_ SET state = ?2, reason = ?3, grant_ = ?4 WHERE id = ?1 RETURNING id",
};

/* ---- statements ---- */

struct bind {
    const char *text; /* NULL: the integer */
    int64_t integer;
};
#define TEXT(value) ((struct bind){.text = (value)})
#define INTEGER(value) ((struct bind){.integer = (value)})
#define BINDS(...)                                                                                           \
    ((const struct bind[]){__VA_ARGS__}), (sizeof((const struct bind[]){__VA_ARGS__}) / sizeof(struct bind))

static json_t *row_json(sqlite3_stmt *statement)
{
    json_t *row = json_object();
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        bool integer = sqlite3_column_type(statement, i) == SQLITE_INTEGER;
        const char *text = (const char *)sqlite3_column_text(statement, i);
        (void)json_object_set_new(row, sqlite3_column_name(statement, i),
                                  integer ? json_integer(sqlite3_column_int64(statement, i))
                                          : json_string(text != NULL ? text : ""));
    }
    return row;
}

static enum result step_all(sqlite3_stmt *statement, json_t *rows)
{
    int stepped;
    while ((stepped = sqlite3_step(statement)) == SQLITE_ROW)
        (void)json_array_append_new(rows, row_json(statement));
    if (stepped == SQLITE_DONE)
        return RESULT_OK;
    return stepped == SQLITE_CONSTRAINT ? RESULT_CONFLICT : RESULT_IO;
}

/* All rows as objects, a new reference. */
static enum result run(struct exchange_state *state, enum statement which, const struct bind *binds,
                       size_t count, json_t **ret_rows)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(state->db, statements[which], -1, &statement, NULL) != SQLITE_OK)
        return RESULT_IO;
    for (size_t i = 0; i < count; i++) {
        if (binds[i].text != NULL)
            (void)sqlite3_bind_text(statement, (int)i + 1, binds[i].text, -1, SQLITE_TRANSIENT);
        else
            (void)sqlite3_bind_int64(statement, (int)i + 1, binds[i].integer);
    }
    json_t *rows = json_array();
    enum result result = step_all(statement, rows);
    (void)sqlite3_finalize(statement);
    if (result == RESULT_OK)
        *ret_rows = rows;
    else
        json_decref(rows);
    return result;
}

/* The first row, a new reference. */
static enum result run_one(struct exchange_state *state, enum statement which, const struct bind *binds,
                           size_t count, json_t **ret_row)
{
    CLEANUP_JSON json_t *rows = NULL;
    TRY(run(state, which, binds, count, &rows));
    if (json_array_size(rows) == 0)
        return RESULT_NOT_FOUND;
    *ret_row = json_incref(json_array_get(rows, 0));
    return RESULT_OK;
}

enum result exchange_state_open(const char *path, struct exchange_state **ret_state)
{
    struct exchange_state *state = calloc(1, sizeof *state);
    if (state == NULL)
        abort();
    if (sqlite3_open(path, &state->db) != SQLITE_OK ||
        sqlite3_exec(state->db,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", NULL,
                     NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(state->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        exchange_state_close(state);
        return RESULT_IO;
    }
    *ret_state = state;
    return RESULT_OK;
}

void exchange_state_close(struct exchange_state *state)
{
    if (state == NULL)
        return;
    (void)sqlite3_close(state->db);
    free(state);
}

/* ---- customers ---- */

enum result exchange_state_add_customer(struct exchange_state *state, const char *name,
                                        const char *credit_code, const struct digest *token,
                                        int64_t *ret_customer)
{
    char hex[DIGEST_TEXT_SIZE];
    CLEANUP_JSON json_t *row = NULL;
    hex_print(token->bytes, DIGEST_SIZE, hex);
    TRY(run_one(state, ADD_CUSTOMER, BINDS(TEXT(name), TEXT(credit_code), TEXT(hex)), &row));
    *ret_customer = json_integer_or(row, "id", 0);
    return RESULT_OK;
}

enum result exchange_state_customer(struct exchange_state *state, const struct digest *token,
                                    int64_t *ret_customer)
{
    char hex[DIGEST_TEXT_SIZE];
    CLEANUP_JSON json_t *row = NULL;
    hex_print(token->bytes, DIGEST_SIZE, hex);
    TRY(run_one(state, CUSTOMER_BY_TOKEN, BINDS(TEXT(hex)), &row));
    *ret_customer = json_integer_or(row, "id", 0);
    return RESULT_OK;
}

/* ---- listings ---- */

enum result exchange_state_add_listing(struct exchange_state *state, const json_t *product, instant now,
                                       json_t **ret_listing)
{
    char at[INSTANT_TEXT_SIZE];
    instant_print(now, at);
    int64_t id = json_integer_or(product, "product", 0);
    const char *digest = json_text(product, "digest");
    json_t *known = NULL;
    enum result result = run_one(state, LISTED_OF_PRODUCT, BINDS(INTEGER(id)), &known);
    if (result == RESULT_OK && strcmp(json_text(known, "digest"), digest) != 0) {
        json_decref(known);
        return RESULT_CONFLICT;
    }
    if (result == RESULT_OK)
        *ret_listing = known;
    if (result != RESULT_NOT_FOUND)
        return result;
    char *body = json_dumps(product, JSON_COMPACT | JSON_SORT_KEYS);
    if (body == NULL)
        abort();
    result = run_one(state, ADD_LISTING, BINDS(INTEGER(id), TEXT(digest), TEXT(body), TEXT(at)), ret_listing);
    free(body);
    return result;
}

enum result exchange_state_withdraw(struct exchange_state *state, int64_t listing)
{
    CLEANUP_JSON json_t *row = NULL;
    return run_one(state, WITHDRAW, BINDS(INTEGER(listing)), &row);
}

/* {"items","next"}: `next` is the last item's number where a further page may follow. */
static json_t *page(json_t *items, const char *key)
{
    size_t count = json_array_size(items);
    json_t *next = count == LIMIT_PAGE_ITEMS
                       ? json_incref(json_object_get(json_array_get(items, count - 1), key))
                       : json_null();
    return json_pack("{s:o, s:o}", "items", items, "next", next);
}

enum result exchange_state_listings(struct exchange_state *state, int64_t after, json_t **ret_page)
{
    json_t *rows;
    TRY(run(state, LISTINGS, BINDS(INTEGER(after), INTEGER(LIMIT_PAGE_ITEMS)), &rows));
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_t *body = json_loads(json_text(row, "body"), 0, NULL);
        (void)json_object_del(row, "body");
        (void)json_object_update_missing(row, body);
        json_decref(body);
    }
    *ret_page = page(rows, "listing");
    return RESULT_OK;
}

/* ---- orders ---- */

/* The customer's two columns become one member. */
static json_t *shape_order(json_t *row)
{
    (void)json_object_set_new(row, "customer",
                              json_pack("{s:s, s:s}", "name", json_text(row, "name"), "credit_code",
                                        json_text(row, "credit_code")));
    (void)json_object_del(row, "name");
    (void)json_object_del(row, "credit_code");
    return row;
}

static enum result order_by_id(struct exchange_state *state, int64_t order, int64_t *ret_customer,
                               json_t **ret_order)
{
    json_t *row;
    TRY(run_one(state, ORDER_BY_ID, BINDS(INTEGER(order)), &row));
    *ret_customer = json_integer_or(row, "customer", 0);
    *ret_order = shape_order(row);
    return RESULT_OK;
}

enum result exchange_state_add_order(struct exchange_state *state, const struct exchange_order *order,
                                     instant now, json_t **ret_order)
{
    char at[INSTANT_TEXT_SIZE];
    instant_print(now, at);
    CLEANUP_JSON json_t *known = NULL;
    CLEANUP_JSON json_t *listing = NULL;
    CLEANUP_JSON json_t *added = NULL;
    int64_t customer;
    if (order->reference[0] != '\0' &&
        run_one(state, ORDER_BY_REFERENCE, BINDS(INTEGER(order->customer), TEXT(order->reference)), &known) ==
            RESULT_OK) {
        bool same = json_integer_or(known, "listing", 0) == order->listing &&
                    json_integer_or(known, "quantity", 0) == order->quantity;
        return same ? order_by_id(state, json_integer_or(known, "order", 0), &customer, ret_order)
                    : RESULT_CONFLICT;
    }
    TRY(run_one(state, LISTING_BY_ID, BINDS(INTEGER(order->listing)), &listing));
    if (strcmp(json_text(listing, "state"), "listed") != 0)
        return RESULT_NOT_FOUND;
    TRY(run_one(state, ADD_ORDER,
                BINDS(INTEGER(order->listing), INTEGER(order->customer), INTEGER(order->quantity),
                      TEXT(order->purpose), TEXT(order->reference), TEXT(at)),
                &added));
    return order_by_id(state, json_integer_or(added, "order", 0), &customer, ret_order);
}

enum result exchange_state_orders(struct exchange_state *state, int64_t after, json_t **ret_page)
{
    json_t *rows;
    TRY(run(state, ORDERS, BINDS(INTEGER(after), INTEGER(LIMIT_PAGE_ITEMS)), &rows));
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row)
        (void)shape_order(row);
    *ret_page = page(rows, "order");
    return RESULT_OK;
}

enum result exchange_state_order(struct exchange_state *state, int64_t order, int64_t customer,
                                 json_t **ret_order)
{
    int64_t owner = 0;
    json_t *found = NULL;
    TRY(order_by_id(state, order, &owner, &found));
    if (owner != customer) {
        json_decref(found);
        return RESULT_NOT_FOUND;
    }
    *ret_order = found;
    return RESULT_OK;
}

/* placed → granted | refused; granted → closed; the same again is no step. */
static bool may_step(const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return true;
    if (strcmp(from, "placed") == 0)
        return strcmp(to, "granted") == 0 || strcmp(to, "refused") == 0;
    return strcmp(from, "granted") == 0 && strcmp(to, "closed") == 0;
}

enum result exchange_state_answer(struct exchange_state *state, int64_t order, const char *answer,
                                  const char *reason, int64_t grant, json_t **ret_order)
{
    int64_t customer = 0;
    json_t *found = NULL;
    TRY(order_by_id(state, order, &customer, &found));
    const char *from = json_text(found, "state");
    if (!may_step(from, answer)) {
        json_decref(found);
        return RESULT_CONFLICT;
    }
    if (strcmp(from, answer) == 0) {
        *ret_order = found;
        return RESULT_OK;
    }
    int64_t kept = strcmp(answer, "closed") == 0 ? json_integer_or(found, "grant", 0) : grant;
    json_decref(found);
    CLEANUP_JSON json_t *row = NULL;
    TRY(run_one(state, ANSWER, BINDS(INTEGER(order), TEXT(answer), TEXT(reason), INTEGER(kept)), &row));
    return order_by_id(state, order, &customer, ret_order);
}
