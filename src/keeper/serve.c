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
    struct serving *serving;
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

static void send_reply(struct serving *serving, struct arena *arena, uint64_t id, enum result result,
                       const json_t *reply, int fd)
{
    const char *text = reply != NULL ? json_print(arena, reply) : NULL;
    struct channel_head head = {.id = id, .result = (uint32_t)result};
    enum result sent = channel_send(serving->calls, &head, text, &fd, fd >= 0 ? 1 : 0);
    if (sent == RESULT_OK || sent == RESULT_UNAVAILABLE)
        return;
    head.result = (uint32_t)sent;
    (void)channel_send(serving->calls, &head, NULL, NULL, 0);
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
    struct call call = {.arena = arena,
                        .fd = pending->message.descriptor_count > 0 ? pending->message.descriptors[0] : -1,
                        .reply = json_object(),
                        .reply_fd = -1};
    enum result result = run_verb(pending->serving, &call, &pending->message);
    CLEANUP_JSON json_t *refused = result != RESULT_OK ? refusal_json(&call.refusal, result) : NULL;
    send_reply(pending->serving, arena, pending->message.head.id, result,
               refused != NULL ? refused : call.reply, result == RESULT_OK ? call.reply_fd : -1);
    if (call.reply_fd >= 0)
        (void)close(call.reply_fd);
    json_decref(call.reply);
    channel_message_free(&pending->message);
    free(pending);
}

static void refuse_at_once(struct serving *serving, uint64_t id, enum result result)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    send_reply(serving, arena, id, result, NULL, -1);
}

static void take_call(struct serving *serving, struct channel_message *message)
{
    uint64_t id = message->head.id;
    if (message->head.verb >= VERB_COUNT) {
        channel_message_free(message);
        refuse_at_once(serving, id, RESULT_MALFORMED);
        return;
    }
    struct pending *pending = malloc(sizeof *pending);
    if (pending == NULL)
        abort();
    *pending = (struct pending){serving, *message};
    if (!crew_add(verbs[message->head.verb].slow ? serving->slow : serving->quick, answer, pending)) {
        channel_message_free(&pending->message);
        free(pending);
        refuse_at_once(serving, id, RESULT_BUSY);
    }
}

/* ---- hot requests ---- */

struct cold_call {
    struct serving *serving;
    struct hot_request request;
    char subject[HOT_SUBJECT_BYTES];
};

static void write_replies(struct serving *serving, const struct hot_reply *replies, size_t count)
{
    size_t size = count * sizeof *replies;
    (void)pthread_mutex_lock(&serving->hot_write);
    for (size_t done = 0; done < size;) {
        ssize_t wrote = send(serving->hot, (const uint8_t *)replies + done, size - done, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break; /* the serving side is gone; its end is noticed where we read */
        done += (size_t)wrote;
    }
    (void)pthread_mutex_unlock(&serving->hot_write);
}

static struct digest subject_token(const struct serving *serving, const char *subject, size_t size)
{
    return digest_hmac(serving->subject_secret, sizeof serving->subject_secret, subject, size);
}

static enum result ask_index(struct serving *serving, const struct hot_request *request, const char *subject,
                             struct hot_reply *reply)
{
    bool known = false;
    enum result result =
        index_ask(serving->indexes, request->product, subject, request->size, &known, &reply->value);
    reply->known = known;
    reply->token = subject_token(serving, subject, request->size);
    reply->result = (uint32_t)result;
    return result;
}

/* The index has to be loaded first, which may take a second: not on the thread that answers the others. */
static void answer_cold(void *argument)
{
    struct cold_call *call = argument;
    struct hot_reply reply = {.id = call->request.id};
    enum result result = RESULT_BUSY;
    for (int tries = 0; result == RESULT_BUSY && tries < 3; tries++) {
        result = ask_index(call->serving, &call->request, call->subject,
                           &reply); /* a call before may have loaded it */
        if (result == RESULT_BUSY) {
            enum result loaded = index_load(call->serving->indexes, call->request.product);
            if (loaded != RESULT_OK) {
                result = loaded;
                reply.result = (uint32_t)loaded;
            }
        }
    }
    write_replies(call->serving, &reply, 1);
    free(call);
}

/* False when the answer comes later. */
static bool answer_hot(struct serving *serving, const struct hot_request *request, const char *subject,
                       struct hot_reply *reply)
{
    *reply = (struct hot_reply){.id = request->id};
    switch (request->verb) {
    case HOT_PRODUCT_CALL:
        if (ask_index(serving, request, subject, reply) != RESULT_BUSY)
            return true;
        break;
    case HOT_SUBJECT_TOKEN:
        reply->token = subject_token(serving, subject, request->size);
        return true;
    default:
        reply->result = RESULT_MALFORMED;
        return true;
    }
    struct cold_call *call = malloc(sizeof *call);
    if (call == NULL)
        abort();
    *call = (struct cold_call){serving, *request, {0}};
    memcpy(call->subject, subject, request->size);
    if (crew_add(serving->slow, answer_cold, call))
        return false;
    free(call);
    return true; /* RESULT_BUSY */
}

/* Answers the whole requests at the front; how many bytes they took, SIZE_MAX when that is no request. */
static size_t answer_batch(struct serving *serving, const uint8_t *bytes, size_t size)
{
    enum { BATCH = 128 };
    struct hot_reply replies[BATCH];
    size_t at = 0;
    size_t count = 0;
    struct hot_request request;
    while (size - at >= sizeof request) {
        memcpy(&request, bytes + at, sizeof request);
        if (request.size > HOT_SUBJECT_BYTES)
            return SIZE_MAX;
        if (size - at - sizeof request < request.size)
            break;
        if (answer_hot(serving, &request, (const char *)bytes + at + sizeof request, &replies[count]))
            count++;
        at += sizeof request + request.size;
        if (count == BATCH) {
            write_replies(serving, replies, count);
            count = 0;
        }
    }
    write_replies(serving, replies, count);
    return at;
}

static void *serve_hot(void *argument)
{
    struct serving *serving = argument;
    uint8_t *bytes = malloc(HOT_BUFFER_BYTES);
    size_t held = 0;
    while (bytes != NULL) {
        ssize_t got = read(serving->hot, bytes + held, HOT_BUFFER_BYTES - held);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        held += (size_t)got;
        size_t taken = answer_batch(serving, bytes, held);
        if (taken == SIZE_MAX)
            break; /* where the next request begins cannot be told any more */
        held -= taken;
        memmove(bytes, bytes + taken, held);
    }
    (void)shutdown(serving->hot, SHUT_RDWR);
    free(bytes);
    return NULL;
}

void serve(struct serving *serving)
{
    pthread_t hot;
    if (pthread_create(&hot, NULL, serve_hot, serving) != 0)
        return;
    (void)pthread_detach(hot);
    struct channel_message message = {0};
    enum result result;
    while ((result = channel_receive(serving->calls, &message)) != RESULT_UNAVAILABLE)
        if (result == RESULT_OK)
            take_call(serving, &message);
        else
            refuse_at_once(serving, message.head.id, RESULT_MALFORMED);
}
