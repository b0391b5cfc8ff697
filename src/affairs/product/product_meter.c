/* Metering (二(六)3): each call is one row of a hash-chained batch, durable before its answer leaves.
 *
 * 1. Calls that come while a batch is being written wait in a queue. The first that finds no leader leads:
 *    it takes what waits, writes it in one unit of work, and passes the lead to the first that came since.
 * 2. In the unit each call is judged anew: order with calls left, product listed, agreement in force,
 *    consent or other basis. What was judged for one call of a batch holds for the next of the same customer
 *    and product, since nothing else writes meanwhile.
 * 3. A call that is refused is left out of the batch; the others are not harmed.
 * 4. With the same key as a metered call a call is that call: it is not counted again, and must ask the same.
 */
#include "affairs/product/product_inner.h"
#include "audit/audit_batch.h"
#include "base/limits.h"
#include "base/mutation.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- one batch ---- */

/* The right to call that some calls of the batch share. */
struct right {
    row_id product;
    row_id customer;
    row_id order;
    int64_t left;  /* calls */
    int64_t taken; /* by this batch, not yet written */
    bool needs_consent;
    enum product_kind kind;
};

static const char *const kinds[] = {"table", "verification", "score"};

static enum product_kind kind_by_name(const char *name)
{
    enum product_kind kind = PRODUCT_TABLE;
    while (kind < PRODUCT_SCORE && strcmp(kinds[kind], name) != 0)
        kind++;
    return kind;
}

struct batch {
    const struct app *app;
    struct product_call *const *calls;
    size_t count;
    struct arena *arena;
    struct store_tx *tx;
    instant now;
    day today;
    struct right rights[LIMIT_METER_CALLS];
    size_t right_count;
    struct meter_call meters[LIMIT_METER_CALLS];
    struct product_call *metered[LIMIT_METER_CALLS];
    size_t meter_count;
};

static void refuse_call(struct product_call *call, struct refusal refusal)
{
    call->result = refuse(&call->refusal, refusal);
}

static void refuse_not_on_offer(struct product_call *call)
{
    refuse_call(call, (struct refusal){.result = RESULT_CONFLICT,
                                       .law = LAW(EXCHANGE),
                                       .zh = "产品未上架、已下架，或其授权运营协议未生效",
                                       .en = "the product is not on offer, or its operator's agreement is "
                                             "not in force",
                                       .remedy_zh = "选用在架的产品",
                                       .remedy_en = "choose a product that is on offer"});
}

static void refuse_order(struct product_call *call, bool used_up)
{
    refuse_call(call, (struct refusal){.result = used_up ? RESULT_LIMIT : RESULT_FORBIDDEN,
                                       .law = LAW(EXCHANGE),
                                       .zh = used_up ? "订单的次数已用完" : "没有有效的订单",
                                       .en = used_up ? "the order's calls are used up"
                                                     : "no order of yours is in force",
                                       .remedy_zh = "在数据流通交易平台下单",
                                       .remedy_en = "order it at the data exchange"});
}

/* Why there is no right to call, told to the one who has ordered; a stranger learns that it has no order. */
static enum result explain(struct batch *batch, struct product_call *call)
{
    struct store_row row;
    enum result result = store_one(batch->tx, batch->arena, SQL_ORDER_WHY_NOT,
                                   STORE_BINDS({"product", store_integer(call->product)},
                                               {"customer", store_integer(call->customer)},
                                               {"today", store_integer(batch->today)}),
                                   &row);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && row_integer(&row, "orders") == 0)) {
        refuse_order(call, false);
        return RESULT_OK;
    }
    TRY(result);
    bool on_offer = strcmp(row_text(&row, "product_state"), "listed") == 0 &&
                    strcmp(row_text(&row, "agreement_state"), "in_force") == 0 &&
                    row_integer(&row, "from_day") <= batch->today &&
                    row_integer(&row, "until_day") >= batch->today;
    if (!on_offer)
        refuse_not_on_offer(call);
    else
        refuse_order(call, row_integer(&row, "valid") > 0);
    return RESULT_OK;
}

/* Writes what the batch has taken of an order; the store refuses more than there is. */
static enum result write_taken(struct batch *batch, struct right *right)
{
    int64_t changed;
    if (right->taken == 0)
        return RESULT_OK;
    TRY(store_exec(batch->tx, SQL_ORDER_TAKE,
                   STORE_BINDS({"id", store_integer(right->order)}, {"calls", store_integer(right->taken)}),
                   &changed));
    right->taken = 0;
    return changed == 1 ? RESULT_OK : RESULT_CORRUPT;
}

static enum result find_right(struct batch *batch, const struct product_call *call, struct right *right)
{
    struct store_row row;
    TRY(store_one(batch->tx, batch->arena, SQL_ORDER_TO_CALL,
                  STORE_BINDS({"product", store_integer(call->product)},
                              {"customer", store_integer(call->customer)},
                              {"today", store_integer(batch->today)}),
                  &row));
    enum product_kind kind = kind_by_name(row_text(&row, "kind"));
    *right = (struct right){.product = call->product,
                            .customer = call->customer,
                            .order = row_integer(&row, "id"),
                            .left = row_integer(&row, "quantity") - row_integer(&row, "used"),
                            .needs_consent = kind != PRODUCT_TABLE && row_integer(&row, "bases") == 0,
                            .kind = kind};
    return RESULT_OK;
}

/* The right of this call, from the batch or the store; RESULT_NOT_FOUND when it has none. */
static enum result right_of(struct batch *batch, const struct product_call *call, struct right **ret_right)
{
    for (size_t i = 0; i < batch->right_count; i++) {
        struct right *right = &batch->rights[i];
        if (right->product != call->product || right->customer != call->customer)
            continue;
        if (right->left == 0) { /* another order may have calls left */
            TRY(write_taken(batch, right));
            TRY(find_right(batch, call, right));
        }
        *ret_right = right;
        return RESULT_OK;
    }
    TRY(find_right(batch, call, &batch->rights[batch->right_count]));
    *ret_right = &batch->rights[batch->right_count++];
    return RESULT_OK;
}

static enum result consent_is_given(struct batch *batch, struct product_call *call, const struct right *right)
{
    struct store_row row;
    if (!right->needs_consent || mutation_without("consent_is_given"))
        return RESULT_OK;
    enum result result = store_one(
        batch->tx, batch->arena, SQL_CONSENT_IN_FORCE,
        STORE_BINDS({"customer", store_integer(call->customer)}, {"product", store_integer(call->product)},
                    {"token", store_text(call->subject_token)}, {"now", store_integer(batch->now)},
                    {"today", store_integer(batch->today)}),
        &row);
    if (result != RESULT_NOT_FOUND)
        return result;
    refuse_call(call, (struct refusal){.result = RESULT_FORBIDDEN,
                                       .law = LAW(EXCHANGE),
                                       .field = "/subject",
                                       .zh = "没有该主体的有效同意，订单也没有其他合法性基础",
                                       .en = "no consent of this subject is in force, and the order has no "
                                             "other legal basis",
                                       .remedy_zh = "登记主体的同意，或申报其他合法性基础",
                                       .remedy_en = "record the subject's consent, or declare another legal "
                                                    "basis"});
    return RESULT_OK;
}

/* ---- repeated calls ---- */

static void judge_repeat(struct product_call *call, row_id meter, enum product_kind kind, const void *answer)
{
    if (memcmp(answer, call->answer.bytes, DIGEST_SIZE) != 0) {
        refuse_call(call, (struct refusal){.result = RESULT_INVALID,
                                           .field = "Idempotency-Key",
                                           .zh = "此键已用于另一次调用",
                                           .en = "this key was used for a different call",
                                           .remedy_zh = "新的调用请用新的键",
                                           .remedy_en = "use a new key for a new call"});
        return;
    }
    call->repeated = true;
    call->meter = meter;
    call->kind = kind;
}

/* Whether the key stands for an earlier call; *ret_known then, and the call is judged. */
static enum result find_repeat(struct batch *batch, struct product_call *call, bool *ret_known)
{
    struct store_row row;
    size_t size;
    *ret_known = false;
    if (call->key == NULL)
        return RESULT_OK;
    for (size_t i = 0; i < batch->meter_count && !*ret_known; i++) {
        const struct product_call *other = batch->metered[i];
        if (other->key == NULL || other->customer != call->customer || other->product != call->product ||
            strcmp(other->key, call->key) != 0)
            continue;
        /* Of this very batch: its row gets its number below. */
        judge_repeat(call, 0, other->kind, other->answer.bytes);
        call->twin = other;
        *ret_known = true;
    }
    if (*ret_known)
        return RESULT_OK;
    enum result result =
        store_one(batch->tx, batch->arena, SQL_METER_OF_CUSTOMER,
                  STORE_BINDS({"customer", store_integer(call->customer)},
                              {"product", store_integer(call->product)}, {"key", store_text(call->key)}),
                  &row);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    TRY(result);
    judge_repeat(call, row_integer(&row, "id"), kind_by_name(row_text(&row, "kind")),
                 row_blob(&row, "answer_digest", &size));
    *ret_known = true;
    return RESULT_OK;
}

/* ---- the unit ---- */

static enum result judge(struct batch *batch, struct product_call *call)
{
    struct right *right = NULL;
    bool known;
    call->result = RESULT_OK;
    call->repeated = false;
    call->twin = NULL;
    TRY(find_repeat(batch, call, &known));
    if (known)
        return RESULT_OK;
    enum result result = right_of(batch, call, &right);
    if (result == RESULT_NOT_FOUND)
        return explain(batch, call);
    TRY(result);
    TRY(consent_is_given(batch, call, right));
    if (call->result != RESULT_OK)
        return RESULT_OK;
    right->left--;
    right->taken++;
    call->order = right->order;
    call->kind = right->kind;
    batch->metered[batch->meter_count] = call;
    batch->meters[batch->meter_count++] = (struct meter_call){.product = call->product,
                                                              .customer = call->customer,
                                                              .order_id = right->order,
                                                              .at = batch->now,
                                                              .kind = kinds[right->kind],
                                                              .units = 1,
                                                              .answer = call->answer,
                                                              .call_key = call->key};
    return RESULT_OK;
}

static enum result write_batch(struct store_tx *tx, void *argument)
{
    struct batch *batch = argument;
    batch->tx = tx;
    batch->right_count = batch->meter_count = 0;
    arena_reset(batch->arena);
    for (size_t i = 0; i < batch->count; i++)
        TRY(judge(batch, batch->calls[i]));
    for (size_t i = 0; i < batch->right_count; i++)
        TRY(write_taken(batch, &batch->rights[i]));
    if (batch->meter_count == 0)
        return RESULT_OK;
    TRY(meter_append(tx, batch->arena, batch->app->random, LAW(EXCHANGE), batch->now, batch->meters,
                     batch->meter_count, NULL, NULL));
    for (size_t i = 0; i < batch->meter_count; i++)
        batch->metered[i]->meter = batch->meters[i].id;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->calls[i]->twin != NULL)
            batch->calls[i]->meter = batch->calls[i]->twin->meter;
    return RESULT_OK;
}

enum result product_meter_batch(const struct app *app, struct product_call *const *calls, size_t count)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct batch *batch = malloc(sizeof *batch);
    if (batch == NULL)
        return RESULT_MEMORY;
    batch->app = app;
    batch->calls = calls;
    batch->count = count;
    batch->arena = arena;
    batch->now = clock_now(app->clock);
    batch->today = day_of_instant(batch->now);
    enum result result = store_write(app->store, write_batch, batch);
    for (size_t i = 0; i < count && result != RESULT_OK; i++)
        calls[i]->result = result;
    free(batch);
    return result;
}

/* ---- the queue ---- */

struct waiter {
    struct product_call *call;
    struct waiter *next;
    pthread_cond_t turn;
    bool done;
    bool leads;
};

struct product_calls {
    pthread_mutex_t lock;
    struct waiter *first;
    struct waiter *last;
    bool led; /* somebody writes a batch */
};

struct product_calls *product_calls_new(void)
{
    struct product_calls *calls = calloc(1, sizeof *calls);
    if (calls == NULL)
        abort();
    (void)pthread_mutex_init(&calls->lock, NULL);
    return calls;
}

void product_calls_free(struct product_calls *calls)
{
    if (calls == NULL)
        return;
    (void)pthread_mutex_destroy(&calls->lock);
    free(calls);
}

static size_t take_waiting(struct product_calls *calls, struct waiter **ret_waiters)
{
    size_t count = 0;
    while (calls->first != NULL && count < LIMIT_METER_CALLS) {
        ret_waiters[count++] = calls->first;
        calls->first = calls->first->next;
    }
    if (calls->first == NULL)
        calls->last = NULL;
    return count;
}

/* Called with the lock held, which is let go while the batch is written. */
static void lead(struct product_calls *calls, const struct app *app)
{
    struct waiter *waiters[LIMIT_METER_CALLS];
    struct product_call *batch[LIMIT_METER_CALLS];
    size_t count = take_waiting(calls, waiters);
    for (size_t i = 0; i < count; i++)
        batch[i] = waiters[i]->call;
    (void)pthread_mutex_unlock(&calls->lock);
    (void)product_meter_batch(app, batch, count);
    (void)pthread_mutex_lock(&calls->lock);
    for (size_t i = 0; i < count; i++) {
        waiters[i]->done = true;
        (void)pthread_cond_signal(&waiters[i]->turn);
    }
    calls->led = calls->first != NULL;
    if (!calls->led)
        return;
    calls->first->leads = true;
    (void)pthread_cond_signal(&calls->first->turn);
}

enum result product_meter(const struct app *app, struct product_call *call)
{
    struct product_calls *calls = app->product_calls;
    if (calls == NULL) {
        (void)product_meter_batch(app, &call, 1);
        return call->result;
    }
    struct waiter waiter = {.call = call, .turn = PTHREAD_COND_INITIALIZER};
    (void)pthread_mutex_lock(&calls->lock);
    *(calls->last != NULL ? &calls->last->next : &calls->first) = &waiter;
    calls->last = &waiter;
    waiter.leads = !calls->led;
    calls->led = true;
    while (!waiter.done && !waiter.leads)
        (void)pthread_cond_wait(&waiter.turn, &calls->lock);
    if (!waiter.done)
        lead(calls, app);
    (void)pthread_mutex_unlock(&calls->lock);
    (void)pthread_cond_destroy(&waiter.turn);
    return call->result;
}
