/* The hot requests of one serving process, answered in its own thread. */
#include "keeper/claims.h"
#include "keeper/serving.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct cold_call {
    struct connection *connection;
    struct hot_request request;
    char subject[HOT_SUBJECT_BYTES];
};

static void write_replies(struct connection *connection, const struct hot_reply *replies, size_t count)
{
    size_t size = count * sizeof *replies;
    (void)pthread_mutex_lock(&connection->hot_write);
    for (size_t done = 0; done < size;) {
        ssize_t wrote = send(connection->hot, (const uint8_t *)replies + done, size - done, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break; /* the serving process is gone or takes no replies; connection_end() comes of it */
        done += (size_t)wrote;
    }
    (void)pthread_mutex_unlock(&connection->hot_write);
}

static struct digest subject_token(const struct serving *serving, const char *subject, size_t size)
{
    const struct signing *signing = serving->signing;
    return digest_hmac(signing->subject_secret, sizeof signing->subject_secret, subject, size);
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

static enum result load_approved(struct serving *serving, int64_t product)
{
    TRY(claims_approved(serving, product));
    return index_load(serving->indexes, product);
}

/* The index has to be loaded first, which may take a second: not on the thread that answers the others. */
static void answer_cold(void *argument)
{
    struct cold_call *call = argument;
    struct serving *serving = call->connection->serving;
    struct hot_reply reply = {.id = call->request.id};
    enum result result = RESULT_BUSY;
    for (int tries = 0; result == RESULT_BUSY && tries < 3; tries++) {
        result =
            ask_index(serving, &call->request, call->subject, &reply); /* a call before may have loaded it */
        if (result == RESULT_BUSY) {
            enum result loaded = load_approved(serving, call->request.product);
            if (loaded != RESULT_OK) {
                result = loaded;
                reply.result = (uint32_t)loaded;
            }
        }
    }
    write_replies(call->connection, &reply, 1);
    connection_drop(call->connection);
    free(call);
}

/* False when the answer comes later. */
static bool answer_hot(struct connection *connection, const struct hot_request *request, const char *subject,
                       struct hot_reply *reply)
{
    struct serving *serving = connection->serving;
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
    *call = (struct cold_call){connection, *request, {0}};
    memcpy(call->subject, subject, request->size);
    connection_hold(connection);
    if (crew_add(serving->slow, answer_cold, call))
        return false;
    connection_drop(connection);
    free(call);
    return true; /* RESULT_BUSY */
}

/* Answers the whole requests at the front; how many bytes they took, SIZE_MAX when that is no request. */
static size_t answer_batch(struct connection *connection, const uint8_t *bytes, size_t size)
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
        if (answer_hot(connection, &request, (const char *)bytes + at + sizeof request, &replies[count]))
            count++;
        at += sizeof request + request.size;
        if (count == BATCH) {
            write_replies(connection, replies, count);
            count = 0;
        }
    }
    write_replies(connection, replies, count);
    return at;
}

void *serve_hot(void *argument)
{
    struct connection *connection = argument;
    uint8_t *bytes = malloc(HOT_BUFFER_BYTES);
    size_t held = 0;
    while (bytes != NULL) {
        ssize_t got = read(connection->hot, bytes + held, HOT_BUFFER_BYTES - held);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        held += (size_t)got;
        size_t taken = answer_batch(connection, bytes, held);
        if (taken == SIZE_MAX)
            break; /* where the next request begins cannot be told any more */
        held -= taken;
        memmove(bytes, bytes + taken, held);
    }
    (void)shutdown(connection->hot, SHUT_RDWR);
    free(bytes);
    connection_drop(connection);
    return NULL;
}
