#include "keeper/client.h"

#include "vault/disk.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUCKETS = 256 };

/* On the stack of the thread that waits. */
struct waiter {
    uint64_t id;
    struct waiter *next;
    sem_t done;
    bool answered; /* otherwise the keeper went away */
    union {
        struct channel_message message;
        struct hot_reply hot;
    };
};

struct waiters {
    pthread_mutex_t lock;
    uint64_t last_id;
    bool gone;
    struct waiter *buckets[BUCKETS];
};

struct keeper_client {
    int calls;
    int hot;
    pthread_t calls_reader;
    pthread_t hot_reader;
    struct waiters waiting_calls;
    struct waiters waiting_hot;
    /* Requests that wait for the thread that is writing; under waiting_hot.lock. */
    uint8_t *pending;
    uint8_t *writing;
    size_t pending_size;
    bool is_writing;
    bool ending;
    pthread_cond_t more; /* for the writer */
    pthread_t hot_writer;
};

/* ---- waiting; the lock is held ---- */

static void waiters_add(struct waiters *waiters, struct waiter *waiter)
{
    waiter->id = ++waiters->last_id;
    struct waiter **bucket = &waiters->buckets[waiter->id % BUCKETS];
    waiter->next = *bucket;
    *bucket = waiter;
}

static struct waiter *waiters_take(struct waiters *waiters, uint64_t id)
{
    for (struct waiter **at = &waiters->buckets[id % BUCKETS]; *at != NULL; at = &(*at)->next)
        if ((*at)->id == id) {
            struct waiter *waiter = *at;
            *at = waiter->next;
            return waiter;
        }
    return NULL;
}

static void waiters_end(struct waiters *waiters)
{
    (void)pthread_mutex_lock(&waiters->lock);
    waiters->gone = true;
    for (size_t i = 0; i < BUCKETS; i++)
        while (waiters->buckets[i] != NULL) {
            struct waiter *waiter = waiters->buckets[i];
            waiters->buckets[i] = waiter->next;
            (void)sem_post(&waiter->done);
        }
    (void)pthread_mutex_unlock(&waiters->lock);
}

static void wait_for(struct waiter *waiter)
{
    while (sem_wait(&waiter->done) != 0)
        assert(errno == EINTR);
    (void)sem_destroy(&waiter->done);
}

/* ---- readers ---- */

static void *read_calls(void *argument)
{
    struct keeper_client *client = argument;
    struct channel_message message = {0};
    enum result result;
    while ((result = channel_receive(client->calls, &message)) != RESULT_UNAVAILABLE) {
        if (result != RESULT_OK)
            break; /* the keeper does not write such messages: it is not itself any more */
        (void)pthread_mutex_lock(&client->waiting_calls.lock);
        struct waiter *waiter = waiters_take(&client->waiting_calls, message.head.id);
        if (waiter != NULL) {
            waiter->message = message;
            waiter->answered = true;
            (void)sem_post(&waiter->done);
        }
        (void)pthread_mutex_unlock(&client->waiting_calls.lock);
        if (waiter == NULL)
            channel_message_free(&message);
    }
    waiters_end(&client->waiting_calls);
    return NULL;
}

static void complete_hot(struct keeper_client *client, const struct hot_reply *replies, size_t count)
{
    (void)pthread_mutex_lock(&client->waiting_hot.lock);
    for (size_t i = 0; i < count; i++) {
        struct waiter *waiter = waiters_take(&client->waiting_hot, replies[i].id);
        if (waiter == NULL)
            continue;
        waiter->hot = replies[i];
        waiter->answered = true;
        (void)sem_post(&waiter->done);
    }
    (void)pthread_mutex_unlock(&client->waiting_hot.lock);
}

static void *read_hot(void *argument)
{
    enum { REPLIES = 256 };
    struct keeper_client *client = argument;
    struct hot_reply replies[REPLIES];
    size_t held = 0;
    for (;;) {
        ssize_t got = read(client->hot, (uint8_t *)replies + held, sizeof replies - held);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        held += (size_t)got;
        size_t whole = held / sizeof *replies;
        complete_hot(client, replies, whole);
        held -= whole * sizeof *replies;
        memmove(replies, replies + whole, held);
    }
    waiters_end(&client->waiting_hot);
    return NULL;
}

/* ---- the writer of hot requests ----
 *
 * A thread that calls writes its request itself, with whatever others have added, unless somebody is writing.
 * What comes in meanwhile is left to the writer thread, so that no caller writes for the others without end.
 */

/* Writes what is pending, once. The lock is held, given up meanwhile, and held again on return. */
static void write_once(struct keeper_client *client)
{
    uint8_t *batch = client->pending;
    size_t size = client->pending_size;
    client->pending = client->writing;
    client->writing = batch;
    client->pending_size = 0;
    (void)pthread_mutex_unlock(&client->waiting_hot.lock);
    for (size_t done = 0; done < size;) {
        ssize_t wrote = send(client->hot, batch + done, size - done, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break; /* the reader sees the end and completes everybody */
        done += (size_t)wrote;
    }
    (void)pthread_mutex_lock(&client->waiting_hot.lock);
}

static void write_or_leave(struct keeper_client *client)
{
    if (client->is_writing)
        return;
    client->is_writing = true;
    write_once(client);
    if (client->pending_size > 0)
        (void)pthread_cond_signal(&client->more); /* is_writing passes on to the writer thread */
    else
        client->is_writing = false;
}

static void *write_hot(void *argument)
{
    struct keeper_client *client = argument;
    (void)pthread_mutex_lock(&client->waiting_hot.lock);
    while (!client->ending) {
        (void)pthread_cond_wait(&client->more, &client->waiting_hot.lock);
        if (!client->is_writing)
            continue;
        while (client->pending_size > 0)
            write_once(client);
        client->is_writing = false;
    }
    (void)pthread_mutex_unlock(&client->waiting_hot.lock);
    return NULL;
}

/* ---- life ---- */

static void waiters_init(struct waiters *waiters)
{
    (void)pthread_mutex_init(&waiters->lock, NULL);
}

enum result keeper_client_new(int calls, int hot, struct keeper_client **ret_client)
{
    struct keeper_client *client = calloc(1, sizeof *client);
    if (client == NULL || (client->pending = malloc(HOT_BUFFER_BYTES)) == NULL ||
        (client->writing = malloc(HOT_BUFFER_BYTES)) == NULL)
        abort();
    client->calls = calls;
    client->hot = hot;
    waiters_init(&client->waiting_calls);
    waiters_init(&client->waiting_hot);
    (void)pthread_cond_init(&client->more, NULL);
    if (pthread_create(&client->calls_reader, NULL, read_calls, client) != 0 ||
        pthread_create(&client->hot_reader, NULL, read_hot, client) != 0 ||
        pthread_create(&client->hot_writer, NULL, write_hot, client) != 0)
        abort(); /* at the start, without one thread to be had, nothing can go on */
    *ret_client = client;
    return RESULT_OK;
}

static bool is_gone(struct waiters *waiters)
{
    (void)pthread_mutex_lock(&waiters->lock);
    bool gone = waiters->gone;
    (void)pthread_mutex_unlock(&waiters->lock);
    return gone;
}

bool keeper_client_gone(struct keeper_client *client)
{
    return is_gone(&client->waiting_calls) || is_gone(&client->waiting_hot);
}

void keeper_client_free(struct keeper_client *client)
{
    (void)shutdown(client->calls, SHUT_RDWR);
    (void)shutdown(client->hot, SHUT_RDWR);
    (void)pthread_join(client->calls_reader, NULL);
    (void)pthread_join(client->hot_reader, NULL);
    (void)pthread_mutex_lock(&client->waiting_hot.lock);
    client->ending = true;
    (void)pthread_cond_signal(&client->more);
    (void)pthread_mutex_unlock(&client->waiting_hot.lock);
    (void)pthread_join(client->hot_writer, NULL);
    (void)close(client->calls);
    (void)close(client->hot);
    free(client->pending);
    free(client->writing);
    free(client);
}

/* ---- calls ---- */

/* Refusals are told as {"refusal":{"law","field","zh","en","remedy_zh","remedy_en"}}. */
static const char *copy_text(struct arena *arena, const json_t *object, const char *key)
{
    const char *text = json_text(object, key);
    return text != NULL ? arena_strdup(arena, text) : NULL;
}

static void read_refusal(struct arena *arena, const json_t *reply, enum result result,
                         struct refusal *ret_refusal)
{
    const json_t *told = json_object_get(reply, "refusal");
    if (ret_refusal == NULL || arena == NULL || json_text(told, "zh") == NULL)
        return;
    *ret_refusal = (struct refusal){
        .result = result,
        .law = (enum law)json_integer_or(told, "law", LAW_NONE),
        .field = copy_text(arena, told, "field"),
        .zh = copy_text(arena, told, "zh"),
        .en = copy_text(arena, told, "en"),
        .remedy_zh = copy_text(arena, told, "remedy_zh"),
        .remedy_en = copy_text(arena, told, "remedy_en"),
    };
}

static enum result refuse_gone(struct refusal *ret_refusal)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = RESULT_UNAVAILABLE,
                                   .zh = "数据保管进程没有应答",
                                   .en = "the keeper does not answer",
                                   .remedy_zh = "请稍后重试；如持续出现，请联系平台运维",
                                   .remedy_en = "try again later; tell the platform if it persists"});
}

/* Unpacks what came back; frees the message. */
static enum result finish(struct arena *arena, struct channel_message *message, json_t **ret_reply,
                          int *ret_fd, struct refusal *ret_refusal)
{
    enum result result = (enum result)message->head.result;
    json_t *reply = message->json != NULL ? json_loads(message->json, 0, NULL) : NULL;
    if (result != RESULT_OK)
        read_refusal(arena, reply, result, ret_refusal);
    if (result == RESULT_OK && ret_fd != NULL) {
        *ret_fd = message->descriptor_count > 0 ? message->descriptors[0] : -1;
        message->descriptor_count = 0;
    }
    if (result == RESULT_OK && ret_reply != NULL)
        *ret_reply = json_incref(reply);
    json_decref(reply);
    channel_message_free(message);
    return result;
}

enum result keeper_client_call(struct keeper_client *client, struct arena *arena, enum keeper_verb verb,
                               json_t *arguments, int fd, json_t **ret_reply, int *ret_fd,
                               struct refusal *ret_refusal)
{
    struct waiter waiter = {0};
    char *text = arguments != NULL ? json_dumps(arguments, JSON_COMPACT) : NULL;
    json_decref(arguments);
    (void)sem_init(&waiter.done, 0, 0);
    (void)pthread_mutex_lock(&client->waiting_calls.lock);
    bool gone = client->waiting_calls.gone;
    if (!gone)
        waiters_add(&client->waiting_calls, &waiter);
    (void)pthread_mutex_unlock(&client->waiting_calls.lock);
    if (gone) {
        free(text);
        return refuse_gone(ret_refusal);
    }
    const struct channel_head head = {.id = waiter.id, .verb = (uint32_t)verb};
    enum result sent = channel_send(client->calls, &head, text, &fd, fd >= 0 ? 1 : 0);
    free(text);
    if (sent != RESULT_OK) {
        (void)pthread_mutex_lock(&client->waiting_calls.lock);
        bool mine = waiters_take(&client->waiting_calls, waiter.id) != NULL;
        (void)pthread_mutex_unlock(&client->waiting_calls.lock);
        if (mine)
            return sent == RESULT_UNAVAILABLE ? refuse_gone(ret_refusal) : sent;
    }
    wait_for(&waiter);
    return waiter.answered ? finish(arena, &waiter.message, ret_reply, ret_fd, ret_refusal)
                           : refuse_gone(ret_refusal);
}

/* ---- hot calls ---- */

static void append(struct keeper_client *client, const void *bytes, size_t size)
{
    memcpy(client->pending + client->pending_size, bytes, size);
    client->pending_size += size;
}

enum result keeper_client_hot(struct keeper_client *client, enum hot_verb verb, int64_t product,
                              const char *subject, struct hot_reply *ret_reply)
{
    struct waiter waiter = {0};
    size_t size = strlen(subject);
    if (size > HOT_SUBJECT_BYTES)
        return RESULT_INVALID;
    (void)sem_init(&waiter.done, 0, 0);
    (void)pthread_mutex_lock(&client->waiting_hot.lock);
    if (client->waiting_hot.gone ||
        client->pending_size + sizeof(struct hot_request) + size > HOT_BUFFER_BYTES) {
        bool gone = client->waiting_hot.gone;
        (void)pthread_mutex_unlock(&client->waiting_hot.lock);
        return gone ? RESULT_UNAVAILABLE : RESULT_BUSY;
    }
    waiters_add(&client->waiting_hot, &waiter);
    const struct hot_request request = {waiter.id, (uint32_t)verb, (uint32_t)size, product};
    append(client, &request, sizeof request);
    append(client, subject, size);
    write_or_leave(client);
    (void)pthread_mutex_unlock(&client->waiting_hot.lock);
    wait_for(&waiter);
    if (!waiter.answered)
        return RESULT_UNAVAILABLE;
    *ret_reply = waiter.hot;
    return (enum result)waiter.hot.result;
}
