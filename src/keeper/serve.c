#include "base/limits.h"
#include "keeper/channel.h"
#include "keeper/serving.h"
#include "vault/disk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct verb {
    const char *name;
    enum result (*run)(struct serving *serving, struct call *call);
    bool slow;
    size_t descriptors;
} verbs[VERB_COUNT] = {
#define X(symbol, name, slow, descriptors) [VERB_##symbol] = {name, keeper_verb_##symbol, slow, descriptors},
    KEEPER_VERBS(X)
#undef X
};

/* ---- arguments ---- */

static enum result bad_argument(struct call *call, const char *key)
{
    return refuse(
        &call->refusal,
        (struct refusal){.result = RESULT_MALFORMED,
                         .field = arena_printf(call->arena, "/%s", key),
                         .zh = "对数据保管进程的请求缺少该项或类型不对",
                         .en = "this part of the request to the keeper is missing or of a wrong type",
                         .remedy_zh = "请联系平台运维",
                         .remedy_en = "tell the platform"});
}

enum result argument_id(struct call *call, const char *key, int64_t *ret_id)
{
    const json_t *value = json_object_get(call->arguments, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return bad_argument(call, key);
    *ret_id = json_integer_value(value);
    return RESULT_OK;
}

enum result argument_text(struct call *call, const char *key, size_t bytes_max, const char **ret_text)
{
    const char *text = json_text(call->arguments, key);
    if (text == NULL)
        return bad_argument(call, key);
    if (strlen(text) > bytes_max)
        return refuse(&call->refusal, (struct refusal){.result = RESULT_TOO_LARGE,
                                                       .field = arena_printf(call->arena, "/%s", key),
                                                       .zh = "文本超过长度上限",
                                                       .en = "the text is over its limit",
                                                       .remedy_zh = "请缩短后重试",
                                                       .remedy_en = "shorten it"});
    *ret_text = text;
    return RESULT_OK;
}

enum result argument_object(struct call *call, const char *key, const json_t **ret_object)
{
    const json_t *value = json_object_get(call->arguments, key);
    if (!json_is_object(value))
        return bad_argument(call, key);
    *ret_object = value;
    return RESULT_OK;
}

const char *object_name(struct arena *arena, const char *kind, int64_t id)
{
    return arena_printf(arena, "%s/%lld", kind, (long long)id);
}

enum result refuse_vault(struct call *call, const char *object, enum result result)
{
    switch ((int)result) {
    case RESULT_OK:
        return RESULT_OK;
    case RESULT_NOT_FOUND:
        return refuse(&call->refusal,
                      (struct refusal){.result = result,
                                       .field = arena_strdup(call->arena, object),
                                       .zh = "保管库中没有该对象，或其密钥已被销毁",
                                       .en = "the vault does not hold this object, or its key was destroyed",
                                       .remedy_zh = "请核对授权是否仍然有效",
                                       .remedy_en = "check whether the grant still holds"});
    case RESULT_CONFLICT:
        return refuse(
            &call->refusal,
            (struct refusal){.result = result,
                             .field = arena_strdup(call->arena, object),
                             .zh = "该对象的密钥已被销毁，不能再写入",
                             .en = "the key of this object was destroyed: nothing can be stored under it",
                             .remedy_zh = "请重新申请",
                             .remedy_en = "ask anew"});
    case RESULT_CORRUPT:
        return refuse(&call->refusal,
                      (struct refusal){.result = result,
                                       .field = arena_strdup(call->arena, object),
                                       .zh = "保管库中的对象未通过完整性校验",
                                       .en = "the stored object fails its integrity check",
                                       .remedy_zh = "请从备份恢复，并联系平台运维",
                                       .remedy_en = "restore it from a backup and tell the platform"});
    default:
        return result;
    }
}

enum result read_descriptor(struct call *call, size_t limit, const void **ret_bytes, size_t *ret_size)
{
    struct stat status;
    if (call->fd < 0 || fstat(call->fd, &status) != 0 || !S_ISREG(status.st_mode))
        return RESULT_MALFORMED;
    if ((uint64_t)status.st_size > limit || (uint64_t)status.st_size >= arena_room(call->arena))
        return RESULT_TOO_LARGE;
    void *bytes = arena_alloc(call->arena, (size_t)status.st_size + 1);
    if (disk_read_at(call->fd, bytes, (size_t)status.st_size, 0) != RESULT_OK)
        return RESULT_MALFORMED;
    *ret_bytes = bytes;
    *ret_size = (size_t)status.st_size;
    return RESULT_OK;
}

/* ---- calls ---- */

struct pending {
    struct connection *connection;
    struct channel_message message;
};

/* Words for a failure that nobody found any for. */
static void complete(struct refusal *refusal, enum result result)
{
    static const struct {
        enum result result;
        const char *zh;
        const char *en;
    } words[] = {
        {RESULT_CANCELLED, "任务已被停止", "the job was stopped"},
        {RESULT_TIMEOUT, "任务超出时限", "the job took longer than it may"},
        {RESULT_TOO_LARGE, "超过大小上限", "it is over the size limit"},
        {RESULT_BUSY, "任务过多，请稍后重试", "too many calls wait already"},
        {RESULT_CONFLICT, "对象的状态不允许该操作", "the state of the object does not allow it"},
        {RESULT_MALFORMED, "请求不可读", "the request does not read"},
    };
    if (refusal->zh != NULL)
        return;
    refusal->result = result;
    refusal->zh = "数据保管进程未能完成该请求";
    refusal->en = "the keeper could not do this";
    refusal->remedy_zh = "请稍后重试；如持续出现，请联系平台运维";
    refusal->remedy_en = "try again later; tell the platform if it persists";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].result == result) {
            refusal->zh = words[i].zh;
            refusal->en = words[i].en;
        }
}

static json_t *refusal_json(struct refusal *refusal, enum result result)
{
    complete(refusal, result);
    return json_pack("{s:{s:i, s:s?, s:s?, s:s?, s:s?, s:s?}}", "refusal", "law", (int)refusal->law, "field",
                     refusal->field, "zh", refusal->zh, "en", refusal->en, "remedy_zh", refusal->remedy_zh,
                     "remedy_en", refusal->remedy_en);
}

/* A serving process that takes no replies is as good as gone: it must not hold up what the others ask. */
static void send_reply(struct connection *connection, struct arena *arena, uint64_t id, enum result result,
                       const json_t *reply, int fd)
{
    const char *text = reply != NULL ? json_print(arena, reply) : NULL;
    struct channel_head head = {.id = id, .result = (uint32_t)result};
    enum result sent = channel_send(connection->calls, &head, text, &fd, fd >= 0 ? 1 : 0);
    if (sent == RESULT_TIMEOUT)
        (void)shutdown(connection->calls, SHUT_RDWR);
    if (sent == RESULT_OK || sent == RESULT_UNAVAILABLE || sent == RESULT_TIMEOUT)
        return;
    head.result = (uint32_t)sent;
    (void)channel_send(connection->calls, &head, NULL, NULL, 0);
}

static enum result run_verb(struct serving *serving, struct call *call, const struct channel_message *message)
{
    const struct verb *verb = &verbs[message->head.verb];
    CLEANUP_JSON json_t *arguments = NULL;
    const char *text = message->json != NULL ? message->json : "{}";
    TRY(json_read(call->arena, text, strlen(text), &arguments, &call->refusal));
    if (!json_is_object(arguments) || message->descriptor_count != verb->descriptors)
        return RESULT_MALFORMED;
    call->arguments = arguments;
    return verb->run(serving, call);
}

static void answer(void *argument)
{
    struct pending *pending = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct connection *connection = pending->connection;
    struct call call = {.from = connection,
                        .arena = arena,
                        .fd = pending->message.descriptor_count > 0 ? pending->message.descriptors[0] : -1,
                        .reply = json_object(),
                        .reply_fd = -1};
    enum result result = atomic_load(&connection->gone)
                             ? RESULT_UNAVAILABLE
                             : run_verb(connection->serving, &call, &pending->message);
    CLEANUP_JSON json_t *refused = result != RESULT_OK ? refusal_json(&call.refusal, result) : NULL;
    send_reply(connection, arena, pending->message.head.id, result, refused != NULL ? refused : call.reply,
               result == RESULT_OK ? call.reply_fd : -1);
    if (call.reply_fd >= 0)
        (void)close(call.reply_fd);
    json_decref(call.reply);
    channel_message_free(&pending->message);
    free(pending);
    connection_drop(connection);
}

static void refuse_at_once(struct connection *connection, uint64_t id, enum result result)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    send_reply(connection, arena, id, result, NULL, -1);
}

static void take_call(struct connection *connection, struct channel_message *message)
{
    uint64_t id = message->head.id;
    if (message->head.verb >= VERB_COUNT) {
        channel_message_free(message);
        refuse_at_once(connection, id, RESULT_MALFORMED);
        return;
    }
    struct pending *pending = malloc(sizeof *pending);
    if (pending == NULL)
        abort();
    *pending = (struct pending){connection, *message};
    struct serving *serving = connection->serving;
    connection_hold(connection);
    if (!crew_add(verbs[message->head.verb].slow ? serving->slow : serving->quick, answer, pending)) {
        connection_drop(connection);
        channel_message_free(&pending->message);
        free(pending);
        refuse_at_once(connection, id, RESULT_BUSY);
    }
}

static void serve_calls(struct connection *connection)
{
    struct channel_message message = {0};
    enum result result;
    while ((result = channel_receive(connection->calls, &message)) != RESULT_UNAVAILABLE)
        if (result == RESULT_OK)
            take_call(connection, &message);
        else
            refuse_at_once(connection, message.head.id, RESULT_MALFORMED);
}

void serve(struct connection *connection)
{
    pthread_t hot;
    connection_hold(connection);
    if (pthread_create(&hot, NULL, serve_hot, connection) == 0) {
        (void)pthread_detach(hot);
        serve_calls(connection);
    } else {
        connection_drop(connection);
    }
    connection_end(connection);
}
