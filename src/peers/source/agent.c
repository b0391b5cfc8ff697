#include "peers/source/agent.h"

#include "base/limits.h"
#include "base/mutation.h"
#include "base/text.h"
#include "peers/source/file.h"
#include "peers/source/measure.h"
#include "peers/source/order.h"
#include "peers/source/rows.h"
#include "peers/source/statement.h"
#include "vault/delivery.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REPAIR_DELAY (10 * INSTANT_MINUTE)

/* One order under way. */
struct task {
    const struct agent *agent;
    struct arena *arena;
    int64_t id;
    const char *text;
    const char *signature;
    struct digest digest; /* of the text */
    instant now;
    struct journal_order known;
    struct agent_tally *tally;
};

static void tell(const struct task *task, const char *what, const char *more)
{
    if (task->agent->tell != NULL)
        task->agent->tell(arena_printf(task->arena, "order %lld: %s%s%s", (long long)task->id, what,
                                       more != NULL ? ": " : "", more != NULL ? more : ""));
}

static enum result note(const struct task *task, const char *event, json_t *more, struct refusal *ret_refusal)
{
    return journal_add(task->agent->journal, task->arena, task->now, event, task->id, more, ret_refusal);
}

static const char *hex(struct arena *arena, const struct digest *digest)
{
    char *text = arena_alloc(arena, DIGEST_TEXT_SIZE);
    hex_print(digest->bytes, DIGEST_SIZE, text);
    return text;
}

/* Both languages in one line, since the developer at the other end may read either. */
static const char *reason_of(struct arena *arena, const struct refusal *refusal)
{
    const char *field = refusal->field != NULL && refusal->field[0] != '\0'
                            ? arena_printf(arena, "%s: ", refusal->field)
                            : "";
    return arena_printf(arena, "%s%s (%s)", field, refusal->zh, refusal->en);
}

static enum result post(const struct task *task, const char *verb, json_t *body, struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *owned = body;
    const struct client_call call = {
        .method = "POST",
        .path = arena_printf(task->arena, "/api/source/orders/%lld/%s", (long long)task->id, verb),
        .body = owned};
    return client_send(task->agent->client, task->arena, &call, NULL, ret_refusal);
}

/* ---- the three ways to answer without rows ---- */

static enum result refuse_task(const struct task *task, const char *reason)
{
    struct refusal refusal;
    if (post(task, "refuse", json_pack("{s:s}", "reason", reason), &refusal) != RESULT_OK) {
        tell(task, "the platform could not be told the refusal", refusal.en);
        task->tally->waiting++;
        return RESULT_OK;
    }
    TRY(note(task, "refused",
             json_pack("{s:s, s:s}", "digest", hex(task->arena, &task->digest), "reason", reason), NULL));
    tell(task, "refused", reason);
    task->tally->refused++;
    return RESULT_OK;
}

static enum result delay_task(const struct task *task, instant until, const char *reason)
{
    char text[INSTANT_TEXT_SIZE];
    struct refusal refusal;
    instant_print(until, text);
    if (post(task, "delay", json_pack("{s:s, s:s}", "until", text, "reason", reason), &refusal) !=
        RESULT_OK) {
        tell(task, "the platform could not be told the delay", refusal.en);
        task->tally->waiting++;
        return RESULT_OK;
    }
    TRY(note(task, "delayed",
             json_pack("{s:s, s:s, s:s}", "digest", hex(task->arena, &task->digest), "until", text, "reason",
                       reason),
             NULL));
    tell(task, arena_printf(task->arena, "delayed until %s", text), reason);
    task->tally->delayed++;
    return RESULT_OK;
}

static enum result wait_task(const struct task *task)
{
    task->tally->waiting++;
    return RESULT_OK;
}

/* ---- delivering ---- */

struct sealed {
    int fd;
    size_t size;
    struct digest slice; /* of the Parquet inside */
};

static enum result seal_pieces(int from, struct delivery_seal *seal, struct digest *ret_slice)
{
    static _Thread_local char piece[1 << 16];
    struct digest_stream stream;
    digest_begin(&stream);
    ssize_t got;
    for (off_t at = 0; (got = pread(from, piece, sizeof piece, at)) > 0; at += got) {
        digest_add(&stream, piece, (size_t)got);
        TRY(delivery_seal_write(seal, piece, (size_t)got));
    }
    if (got < 0)
        return RESULT_IO;
    *ret_slice = digest_end(&stream);
    return delivery_seal_finish(seal);
}

static enum result seal_rows(const struct order *order, const char *statement, int rows,
                             struct sealed *ret_sealed, struct refusal *ret_refusal)
{
    CLEANUP_FILE int fd = -1;
    CLEANUP_DELIVERY_SEAL struct delivery_seal *seal = NULL;
    struct sealed sealed = {0};
    struct stat info;
    TRY(source_file_memory(&fd, ret_refusal));
    enum result result = delivery_seal_stating(fd, order->public_key, &order->digest, statement, &seal);
    if (result == RESULT_OK)
        result = seal_pieces(rows, seal, &sealed.slice);
    if (result == RESULT_OK && fstat(fd, &info) != 0)
        result = RESULT_IO;
    if (result != RESULT_OK)
        return refuse(ret_refusal, (struct refusal){.result = result,
                                                    .zh = "加密未能完成。",
                                                    .en = "The rows could not be sealed.",
                                                    .remedy_zh = "请检查内存；切片上限见 docs/limits.md。",
                                                    .remedy_en = "Check memory; slices have a size limit."});
    sealed.size = (size_t)info.st_size;
    sealed.fd = fd;
    fd = -1;
    *ret_sealed = sealed;
    return RESULT_OK;
}

static bool is_passing(enum result result)
{
    return result == RESULT_UNAVAILABLE || result == RESULT_TIMEOUT || result == RESULT_BUSY ||
           result == RESULT_LIMIT || result == RESULT_UNAUTHENTICATED;
}

static enum result send_sealed(const struct task *task, const struct order *order,
                               const struct sealed *sealed, int64_t rows)
{
    struct refusal refusal;
    const struct client_call call = {
        .method = "PUT",
        .path = arena_printf(task->arena, "/api/source/orders/%lld/slice", (long long)task->id),
        .raw = true,
        .fd = sealed->fd,
        .size = sealed->size};
    enum result result = client_send(task->agent->client, task->arena, &call, NULL, &refusal);
    if (result == RESULT_OK) {
        TRY(note(task, "delivered",
                 json_pack("{s:s, s:s, s:I, s:I, s:s}", "digest", hex(task->arena, &task->digest), "resource",
                           order->resource, "rows", (json_int_t)rows, "bytes", (json_int_t)sealed->size,
                           "slice", hex(task->arena, &sealed->slice)),
                 NULL));
        tell(task, arena_printf(task->arena, "delivered %lld rows of %s", (long long)rows, order->resource),
             NULL);
        task->tally->delivered++;
        return RESULT_OK;
    }
    tell(task, is_passing(result) ? "not sent, will be tried again" : "not accepted by the platform",
         refusal.en);
    task->tally->waiting++;
    if (is_passing(result))
        return RESULT_OK;
    return note(task, "rejected", json_pack("{s:s}", "reason", reason_of(task->arena, &refusal)), NULL);
}

static enum result read_and_seal(const struct task *task, const struct order *order,
                                 const struct source_resource *resource, struct sealed *ret_sealed,
                                 int64_t *ret_rows, struct refusal *ret_refusal)
{
    struct rows rows = {.fd = -1};
    TRY(rows_of_order(task->agent->engine, task->arena, resource, order, &rows, ret_refusal));
    const char *statement = source_statement(task->arena, resource, order);
    enum result result = seal_rows(order, statement, rows.fd, ret_sealed, ret_refusal);
    file_cleanup(&rows.fd);
    *ret_rows = rows.count;
    return result;
}

static enum result deliver(const struct task *task, const struct order *order,
                           const struct source_resource *resource)
{
    struct refusal refusal;
    struct sealed sealed = {.fd = -1};
    int64_t rows = 0;
    if (task->known.state != JOURNAL_SENDING)
        TRY(note(
            task, "sending",
            json_pack("{s:s, s:s}", "digest", hex(task->arena, &task->digest), "resource", order->resource),
            NULL));
    if (read_and_seal(task, order, resource, &sealed, &rows, &refusal) != RESULT_OK) {
        if (refusal.law == LAW(CALL_REVIEW))
            return refuse_task(task, reason_of(task->arena, &refusal));
        tell(task, "the rows cannot be read", reason_of(task->arena, &refusal));
        return delay_task(
            task, task->now + REPAIR_DELAY,
            "数据提供单位暂时读不到该资源。 (The provider cannot read this resource at present.)");
    }
    enum result result = send_sealed(task, order, &sealed, rows);
    file_cleanup(&sealed.fd);
    return result;
}

/* ---- deciding ---- */

/* The delay of a window is told once for each end. */
static enum result consider_delay(const struct task *task, const struct order *order,
                                  const struct source_resource *resource, bool *ret_go)
{
    instant end;
    const struct source_window *window = source_window_at(task->agent->config, task->now, &end);
    *ret_go = false;
    if (window != NULL)
        return task->known.delayed_until == end
                   ? wait_task(task)
                   : delay_task(task, end,
                                arena_printf(task->arena, "维护时段:%s (maintenance)", window->reason));
    if (resource->manual && !task->known.approved)
        return task->known.delayed_until == order->expires
                   ? wait_task(task)
                   : delay_task(task, order->expires,
                                "等待数据提供单位人工同意。 (Waits for the provider's consent.)");
    if (task->known.state == JOURNAL_DELAYED && task->known.delayed_until > task->now &&
        task->known.delayed_until - task->now <= REPAIR_DELAY)
        return wait_task(task);
    *ret_go = true;
    return RESULT_OK;
}

static enum result consider(const struct task *task)
{
    CLEANUP_ORDER struct order order = {0};
    const struct source_resource *resource;
    struct refusal refusal;
    const struct agent *agent = task->agent;
    if (source_order_read(task->arena, agent->config->order_key, task->id, task->text, task->signature,
                          task->now, &order, &refusal) != RESULT_OK ||
        source_order_allowed(task->arena, agent->config, &order, &resource, &refusal) != RESULT_OK)
        return refuse_task(task, reason_of(task->arena, &refusal));
    bool go;
    TRY(consider_delay(task, &order, resource, &go));
    return go ? deliver(task, &order, resource) : RESULT_OK;
}

static enum result handle(const struct task *task)
{
    bool changed = task->known.known && !digest_equal(&task->known.digest, &task->digest);
    switch (task->known.state) {
    case JOURNAL_DELIVERED:
        if (mutation_without("order_is_delivered_once"))
            break;
        if (task->known.refused_again)
            return RESULT_OK;
        return refuse_task(task, "订单已交付过，不重复交付。 (This order was delivered already: a replay.)");
    case JOURNAL_REFUSED:
        return RESULT_OK;
    case JOURNAL_STOPPED:
        return refuse_task(task, arena_strdup(task->arena, task->known.reason));
    case JOURNAL_REJECTED:
        return wait_task(task);
    case JOURNAL_NEW:
    case JOURNAL_DELAYED:
    case JOURNAL_APPROVED:
    case JOURNAL_SENDING:
        break;
    }
    if (changed)
        return refuse_task(task,
                           "同一订单号的文本已改变。 (The text under this number has changed: a replay.)");
    return consider(task);
}

static enum result handle_item(const struct agent *agent, const json_t *item, struct agent_tally *tally)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct task task = {.agent = agent,
                        .arena = arena,
                        .id = json_integer_or(item, "id", 0),
                        .text = json_text(item, "order"),
                        .signature = json_text(item, "signature"),
                        .now = clock_now(agent->clock),
                        .tally = tally};
    if (task.id <= 0) /* nothing that could be answered */
        return RESULT_OK;
    if (task.text != NULL)
        task.digest = digest_sha256(task.text, strlen(task.text));
    task.known = journal_of(agent->journal, task.id);
    return handle(&task);
}

/* ---- the round ---- */

/* Letters that need no escaping in a URL. */
static bool is_plain(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") == strlen(text);
}

static enum result handle_page(const struct agent *agent, struct arena *arena, const char **cursor,
                               struct agent_tally *tally, struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *page = NULL;
    const struct client_call call = {.method = "GET",
                                     .path = arena_printf(arena, "/api/source/orders?state=open%s%s",
                                                          *cursor != NULL ? "&cursor=" : "",
                                                          *cursor != NULL ? *cursor : "")};
    TRY(client_send(agent->client, arena, &call, &page, ret_refusal));
    const json_t *items = json_object_get(page, "items");
    if (!json_is_array(items))
        return refuse(ret_refusal, (struct refusal){.result = RESULT_MALFORMED,
                                                    .zh = "平台的答复中没有订单列表。",
                                                    .en = "The platform's answer holds no list of orders.",
                                                    .remedy_zh = "请检查配置中的 platform 地址。",
                                                    .remedy_en = "Check \"platform\" in the configuration."});
    size_t i;
    json_t *item;
    json_array_foreach (items, i, item) {
        enum result result = handle_item(agent, item, tally);
        if (result != RESULT_OK)
            return refuse(ret_refusal,
                          (struct refusal){.result = result,
                                           .zh = "日志不可用，已停止。",
                                           .en = "The journal cannot be used; stopped.",
                                           .remedy_zh = "请检查状态目录与磁盘后重新启动。",
                                           .remedy_en = "Check the state folder and the disk, then "
                                                        "start again."});
    }
    const char *next = json_text(page, "next");
    *cursor = next != NULL && is_plain(next) && json_array_size(items) > 0 ? arena_strdup(arena, next) : NULL;
    return RESULT_OK;
}

enum result agent_round(const struct agent *agent, struct agent_tally *ret_tally, struct refusal *ret_refusal,
                        struct arena *arena)
{
    struct agent_tally tally = {0};
    const char *cursor = NULL;
    TRY(journal_refresh(agent->journal, arena, ret_refusal));
    for (int page = 0; page == 0 || (cursor != NULL && page < LIMIT_LIST_ITEMS); page++)
        TRY(handle_page(agent, arena, &cursor, &tally, ret_refusal));
    *ret_tally = tally;
    return RESULT_OK;
}

/* ---- the rest ---- */

enum result agent_describe(const struct agent *agent, struct arena *arena,
                           const struct source_resource *resource, bool dry, json_t **ret_description,
                           struct refusal *ret_refusal)
{
    json_t *description;
    TRY(source_measure(agent->engine, arena, resource, clock_now(agent->clock), &description, ret_refusal));
    if (!dry) {
        CLEANUP_JSON json_t *body =
            json_pack("{s:s, s:O}", "resource", resource->code, "description", description);
        const struct client_call call = {.method = "POST", .path = "/api/source/descriptions", .body = body};
        enum result result = client_send(agent->client, arena, &call, NULL, ret_refusal);
        if (result != RESULT_OK) {
            json_decref(description);
            return result;
        }
    }
    *ret_description = description;
    return RESULT_OK;
}

static enum result check_open(const struct agent *agent, struct arena *arena, int64_t order,
                              struct refusal *ret_refusal)
{
    TRY(journal_refresh(agent->journal, arena, ret_refusal));
    struct journal_order known = journal_of(agent->journal, order);
    if (known.state == JOURNAL_NEW)
        return refuse(ret_refusal, (struct refusal){.result = RESULT_NOT_FOUND,
                                                    .zh = "没有收到过这个订单。",
                                                    .en = "No such order has come.",
                                                    .remedy_zh = "请查看状态目录中的 journal.jsonl。",
                                                    .remedy_en = "See journal.jsonl in the state folder."});
    if (known.state == JOURNAL_DELIVERED || known.state == JOURNAL_REFUSED)
        return refuse(ret_refusal, (struct refusal){.result = RESULT_CONFLICT,
                                                    .zh = "这个订单已经交付或拒绝。",
                                                    .en = "This order was delivered or refused already.",
                                                    .remedy_zh = "如仍需要，请平台重新下达订单。",
                                                    .remedy_en = "Have the platform issue a new order."});
    return RESULT_OK;
}

enum result agent_approve(const struct agent *agent, struct arena *arena, int64_t order,
                          struct refusal *ret_refusal)
{
    TRY(check_open(agent, arena, order, ret_refusal));
    return journal_add(agent->journal, arena, clock_now(agent->clock), "approved", order, NULL, ret_refusal);
}

enum result agent_stop(const struct agent *agent, struct arena *arena, int64_t order, const char *reason,
                       struct refusal *ret_refusal)
{
    TRY(check_open(agent, arena, order, ret_refusal));
    if (text_is_blank(reason) || text_has_control(reason) || text_characters(reason) > 1000)
        return refuse(ret_refusal, (struct refusal){.result = RESULT_INVALID,
                                                    .law = LAW(REASONS),
                                                    .field = "reason",
                                                    .zh = "须说明理由，至多 1000 字。",
                                                    .en = "A reason of at most 1000 characters is needed.",
                                                    .remedy_zh = "请用 --reason 写明理由。",
                                                    .remedy_en = "Give it with --reason."});
    return journal_add(agent->journal, arena, clock_now(agent->clock), "stopped", order,
                       json_pack("{s:s}", "reason", reason), ret_refusal);
}
