/* The serving processes that one keeper serves. */
#include "base/limits.h"
#include "keeper/channel.h"
#include "keeper/serving.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection *connection_new(struct serving *serving, int calls, int hot)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        abort();
    connection->serving = serving;
    connection->calls = calls;
    connection->hot = hot;
    (void)pthread_mutex_init(&connection->hot_write, NULL);
    atomic_init(&connection->holders, 1);
    (void)atomic_fetch_add(&serving->connections, 1);
    return connection;
}

void connection_hold(struct connection *connection)
{
    (void)atomic_fetch_add(&connection->holders, 1);
}

void connection_drop(struct connection *connection)
{
    if (atomic_fetch_sub(&connection->holders, 1) > 1)
        return;
    (void)atomic_fetch_sub(&connection->serving->connections, 1);
    (void)close(connection->calls);
    (void)close(connection->hot);
    (void)pthread_mutex_destroy(&connection->hot_write);
    free(connection);
}

void connection_end(struct connection *connection)
{
    atomic_store(&connection->gone, true);
    (void)shutdown(connection->calls, SHUT_RDWR);
    (void)shutdown(connection->hot, SHUT_RDWR);
    running_abandon(&connection->serving->running, &connection->gone);
    connection_drop(connection);
}

/* ---- the door ---- */

/* So that one that has stopped taking replies holds up no thread that answers the others. */
static void set_patience(int socket)
{
    const struct timeval patience = {.tv_sec = LIMIT_KEEPER_REPLY_SECONDS};
    (void)setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

static void *serve_one(void *connection)
{
    serve(connection);
    return NULL;
}

/* The serving process gets its end of the hot socket with the first word. */
static enum result begin(struct serving *serving, int calls)
{
    int hot[2];
    pthread_t thread;
    if (atomic_load(&serving->connections) >= LIMIT_KEEPER_CONNECTIONS)
        return RESULT_BUSY;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, hot) != 0)
        return RESULT_IO;
    set_patience(calls);
    set_patience(hot[0]);
    const struct channel_head hello = {.result = RESULT_OK};
    enum result result = channel_send(calls, &hello, NULL, &hot[1], 1);
    (void)close(hot[1]);
    if (result != RESULT_OK) {
        (void)close(hot[0]);
        return result;
    }
    struct connection *connection = connection_new(serving, calls, hot[0]);
    if (pthread_create(&thread, NULL, serve_one, connection) != 0) {
        connection_end(connection);
        return RESULT_OK; /* its sockets are closed: it will try again */
    }
    (void)pthread_detach(thread);
    return RESULT_OK;
}

static void welcome(struct serving *serving, int calls)
{
    enum result result = begin(serving, calls);
    if (result == RESULT_OK)
        return;
    const struct channel_head sorry = {.result = (uint32_t)result};
    (void)channel_send(calls, &sorry, NULL, NULL, 0);
    (void)close(calls);
}

void serve_door(struct serving *serving, int door)
{
    struct channel_message message = {0};
    enum result result;
    while ((result = channel_receive(door, &message)) != RESULT_UNAVAILABLE) {
        if (result == RESULT_OK && message.descriptor_count == 1) {
            welcome(serving, message.descriptors[0]);
            message.descriptor_count = 0;
        }
        if (result == RESULT_OK)
            channel_message_free(&message);
    }
}
