/* keeper/: everything that reads what a serving process sent; the first byte of an input chooses. The vault
 * is real, in a folder of its own; there is no engine, so verbs that wait for a worker are read up to there.
 */
#include "fuzz.h"
#include "keeper/bound.h"
#include "keeper/channel.h"
#include "keeper/claims.h"
#include "keeper/room.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct serving serving;
static struct connection from = {.serving = &serving, .calls = -1, .hot = -1};

static void must(enum result result)
{
    if (result != RESULT_OK)
        abort();
}

static void open_serving(void)
{
    const char *home = fuzz_folder();
    if (serving.vault != NULL)
        return;
    if (sodium_init() < 0)
        abort();
    serving.clock = clock_system();
    serving.origin = "fuzz/log";
    must(vault_open(home, NULL, serving.clock, &serving.vault));
    must(signing_open(serving.vault, serving.origin, &serving.signing));
    const struct note_key keys[2] = {serving.signing->log_ed25519, serving.signing->log_sm2};
    must(authority_open(&serving.authority, home, serving.origin, keys, serving.signing->record_secret));
    running_init(&serving.running);
    serving.claims = claims_new();
    (void)pthread_mutex_init(&serving.log, NULL);
    serving.indexes = index_cache_new(serving.vault);
    serving.quick = crew_new(1, 16);
    serving.slow = crew_new(1, 16);
}

/* ---- messages ---- */

/* A message as it may come, its first byte says how many descriptors come along. */
static void read_message(const uint8_t *bytes, size_t size)
{
    int pair[2];
    struct channel_message message = {0};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control = {0};
    size_t count = size > 0 ? bytes[0] % 5 : 0;
    if (size == 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return;
    struct iovec part = {(void *)(uintptr_t)(bytes + 1), size - 1};
    struct msghdr sent = {.msg_iov = &part, .msg_iovlen = 1};
    int fd = fuzz_file(bytes, size);
    if (count > 0) {
        sent.msg_control = control.bytes;
        sent.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&sent);
        *head = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
        for (size_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(head) + i * sizeof(int), &fd, sizeof fd);
    }
    bool went = sendmsg(pair[0], &sent, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    (void)close(pair[0]);
    if (went && channel_receive(pair[1], &message) == RESULT_OK)
        channel_message_free(&message);
    (void)close(pair[1]);
    (void)close(fd);
}

/* ---- verbs ---- */

/* Those that ask no worker before all is read. */
static const struct {
    enum result (*run)(struct serving *serving, struct call *call);
    bool descriptor;
} verbs[] = {
    {keeper_verb_LOG_STATE, false},       {keeper_verb_LOG_RESUME, true},
    {keeper_verb_LOG_EXTEND, true},       {keeper_verb_SIGN, false},
    {keeper_verb_GRANT_OPEN, false},      {keeper_verb_ORDER_SIGN, false},
    {keeper_verb_SLICE_RECEIVE, true},    {keeper_verb_CANCEL, false},
    {keeper_verb_QUERY_PROGRESS, false},  {keeper_verb_RESULT_OPEN, false},
    {keeper_verb_PRODUCT_TABLE, false},   {keeper_verb_PRODUCT_DIGEST, false},
    {keeper_verb_PRODUCT_READ, false},    {keeper_verb_DOCUMENT_PUT, true},
    {keeper_verb_DOCUMENT_GET, false},    {keeper_verb_KEY_DESTROY, false},
    {keeper_verb_KEY_CERTIFICATE, false},
};

/* Verb, two bytes of JSON's size, JSON, bytes of the descriptor. */
static void run_verb(const uint8_t *bytes, size_t size)
{
    if (size < 3)
        return;
    size_t verb = bytes[0] % (sizeof verbs / sizeof *verbs);
    size_t length = (size_t)bytes[1] << 8 | bytes[2];
    if (length > size - 3)
        length = size - 3;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *arguments = NULL;
    struct call call = {.from = &from, .arena = arena, .fd = -1, .reply = json_object(), .reply_fd = -1};
    if (json_read(arena, (const char *)bytes + 3, length, &arguments, &call.refusal) == RESULT_OK &&
        json_is_object(arguments)) {
        call.arguments = arguments;
        if (verbs[verb].descriptor)
            call.fd = fuzz_file(bytes + 3 + length, size - 3 - length);
        (void)verbs[verb].run(&serving, &call);
    }
    if (call.fd >= 0)
        (void)close(call.fd);
    if (call.reply_fd >= 0)
        (void)close(call.reply_fd);
    json_decref(call.reply);
}

static void read_policy(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *json = NULL;
    struct call call = {.from = &from, .arena = arena, .fd = -1, .reply_fd = -1};
    struct room_policy policy;
    if (json_read(arena, (const char *)bytes, size, &json, NULL) == RESULT_OK && json_is_object(json))
        (void)room_policy_read(&serving, &call, json, 2, &policy);
}

/* What a table came in with: `expected` and the source's statement, of which the first is also the policy's.
 */
static void make_bound(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *both = NULL;
    CLEANUP_JSON json_t *bound = NULL;
    struct call call = {.from = &from, .arena = arena, .fd = -1, .reply_fd = -1};
    const struct engine_field fields[] = {{.name = "id", .type = ENGINE_INTEGER, .minimum = "0"},
                                          {.name = "pay", .type = ENGINE_DOUBLE}};
    if (json_read(arena, (const char *)bytes, size, &both, NULL) == RESULT_OK)
        (void)bound_make(&call, json_object_get(both, "expected"), json_object_get(both, "stated"), fields, 2,
                         &bound);
}

/* A stream of hot requests, to its end. */
static void read_hot(const uint8_t *bytes, size_t size)
{
    enum { MOST = 4096 };
    int calls[2];
    int hot[2];
    if (size > MOST || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, calls) != 0)
        return;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, hot) != 0)
        abort();
    struct connection *connection = connection_new(&serving, calls[1], hot[1]);
    connection_hold(connection);
    if (send(hot[0], bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        abort();
    (void)shutdown(hot[0], SHUT_WR);
    (void)serve_hot(connection);
    connection_drop(connection);
    (void)close(calls[0]);
    (void)close(hot[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static void (*const readers[])(const uint8_t *bytes, size_t size) = {read_message, run_verb, read_policy,
                                                                         make_bound, read_hot};
    open_serving();
    if (size > 0)
        readers[bytes[0] % (sizeof readers / sizeof *readers)](bytes + 1, size - 1);
    return 0;
}
