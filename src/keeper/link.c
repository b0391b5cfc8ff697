/* The way from a serving process to its keeper: to its own child, or to one that listens on a path and may go
 * away and come back meanwhile. */
#include "base/limits.h"
#include "keeper/keeper_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_MILLISECONDS = 100, HELLO_SECONDS = 5 };

/* ---- connecting ---- */

static void set_patience(int socket, time_t seconds)
{
    const struct timeval patience = {.tv_sec = seconds};
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

/* The keeper's first word brings the hot socket. */
static enum result hear_hello(int calls, int *ret_hot)
{
    struct channel_message hello = {0};
    TRY(channel_receive(calls, &hello));
    enum result result = (enum result)hello.head.result;
    if (result == RESULT_OK && hello.descriptor_count != 1)
        result = RESULT_UNAVAILABLE;
    if (result == RESULT_OK) {
        *ret_hot = hello.descriptors[0];
        hello.descriptor_count = 0;
    }
    channel_message_free(&hello);
    return result;
}

static enum result connect_once(const char *path, struct keeper_child *ret_child)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return RESULT_TOO_LARGE;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int calls = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (calls < 0)
        return RESULT_IO;
    set_patience(calls, HELLO_SECONDS);
    enum result result = RESULT_OK;
    if (connect(calls, (const struct sockaddr *)&address, sizeof address) != 0)
        result = errno == EACCES ? RESULT_FORBIDDEN : RESULT_UNAVAILABLE;
    int hot = -1;
    if (result == RESULT_OK)
        result = hear_hello(calls, &hot);
    if (result != RESULT_OK) {
        (void)close(calls);
        return result;
    }
    set_patience(calls, 0);
    *ret_child = (struct keeper_child){.calls = calls, .hot = hot};
    return RESULT_OK;
}

static enum result refuse_connect(enum result result, const char *path, struct refusal *ret_refusal)
{
    struct refusal refusal = {.result = result,
                              .field = path,
                              .zh = "没有数据保管进程在该套接字上应答",
                              .en = "no keeper answers at this socket",
                              .remedy_zh = "请先启动 dukou keeper，并核对 DUKOU_KEEPER",
                              .remedy_en = "start `dukou keeper` first, and check DUKOU_KEEPER"};
    if (result == RESULT_FORBIDDEN) {
        refusal.zh = "数据保管进程不接受以该用户运行的服务";
        refusal.en = "the keeper takes no serving process of this user";
        refusal.remedy_zh = "请以同一用户运行，或在数据保管进程一侧设置 DUKOU_KEEPER_USER 或 "
                            "DUKOU_KEEPER_GROUP";
        refusal.remedy_en = "run it as the keeper's user, or set DUKOU_KEEPER_USER or DUKOU_KEEPER_GROUP at "
                            "the keeper";
    } else if (result == RESULT_BUSY) {
        refusal.zh = "数据保管进程已服务于最大数量的进程";
        refusal.en = "the keeper serves as many processes as it may";
        refusal.remedy_zh = "请先停止其中一个";
        refusal.remedy_en = "stop one of them first";
    } else if (result == RESULT_TOO_LARGE) {
        refusal.zh = "套接字路径过长";
        refusal.en = "the socket's path is too long";
        refusal.remedy_zh = "请换一个短于 108 字节的路径";
        refusal.remedy_en = "choose one of fewer than 108 bytes";
    }
    return refuse(ret_refusal, refusal);
}

static void nap(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = AGAIN_MILLISECONDS * 1000000L}, NULL);
}

enum result keeper_connect(const char *path, struct keeper **ret_keeper, struct refusal *ret_refusal)
{
    struct keeper_child child;
    enum result result = connect_once(path, &child);
    for (int tries = LIMIT_KEEPER_CONNECT_SECONDS * 1000 / AGAIN_MILLISECONDS;
         tries > 0 && result == RESULT_UNAVAILABLE; tries--) {
        nap();
        result = connect_once(path, &child);
    }
    if (result != RESULT_OK)
        return refuse_connect(result, path, ret_refusal);
    return keeper_link_new(&child, path, ret_keeper);
}

/* ---- going on after the keeper has gone ---- */

/* False when the link ends. */
static bool wait_a_little(struct keeper *keeper)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += AGAIN_MILLISECONDS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_mutex_lock(&keeper->mutex);
    int waited = 0;
    while (!keeper->ending && waited == 0)
        waited = pthread_cond_timedwait(&keeper->ends, &keeper->mutex, &until);
    bool goes_on = !keeper->ending;
    (void)pthread_mutex_unlock(&keeper->mutex);
    return goes_on;
}

/* The calls of the client that has gone have all come back, or are coming back at once. */
static void change_client(struct keeper *keeper, struct keeper_client *client)
{
    (void)pthread_rwlock_wrlock(&keeper->lock);
    struct keeper_client *old = keeper->client;
    keeper->client = client;
    (void)pthread_rwlock_unlock(&keeper->lock);
    keeper_client_free(old);
}

static void *watch(void *argument)
{
    struct keeper *keeper = argument;
    while (wait_a_little(keeper)) {
        struct keeper_child child;
        struct keeper_client *client;
        if (!keeper_client_gone(keeper->client) || connect_once(keeper->path, &child) != RESULT_OK)
            continue;
        if (keeper_client_new(child.calls, child.hot, &client) == RESULT_OK)
            change_client(keeper, client);
    }
    return NULL;
}

static void start_watching(struct keeper *keeper, const char *path)
{
    pthread_condattr_t monotonic;
    keeper->path = strdup(path);
    if (keeper->path == NULL)
        abort();
    (void)pthread_mutex_init(&keeper->mutex, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&keeper->ends, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&keeper->watcher, NULL, watch, keeper) != 0)
        abort(); /* at the start, without one thread to be had, nothing can go on */
}

static void stop_watching(struct keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->mutex);
    keeper->ending = true;
    (void)pthread_cond_signal(&keeper->ends);
    (void)pthread_mutex_unlock(&keeper->mutex);
    (void)pthread_join(keeper->watcher, NULL);
    (void)pthread_cond_destroy(&keeper->ends);
    (void)pthread_mutex_destroy(&keeper->mutex);
    free(keeper->path);
}

/* ---- life ---- */

enum result keeper_link_new(const struct keeper_child *child, const char *path, struct keeper **ret_keeper)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL)
        abort();
    keeper->process = child->process;
    TRY(keeper_client_new(child->calls, child->hot, &keeper->client));
    pthread_rwlockattr_t fair; /* or a crowd of callers would keep the new client out */
    (void)pthread_rwlockattr_init(&fair);
    (void)pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&keeper->lock, &fair);
    (void)pthread_rwlockattr_destroy(&fair);
    if (path != NULL)
        start_watching(keeper, path);
    *ret_keeper = keeper;
    return RESULT_OK;
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    if (keeper->path != NULL)
        stop_watching(keeper);
    keeper_client_free(keeper->client);
    if (keeper->process > 0)
        keeper_wait_for_end(keeper->process);
    (void)pthread_rwlock_destroy(&keeper->lock);
    if (keeper->log_arena != NULL)
        arena_free(keeper->log_arena);
    free(keeper);
}

/* ---- calls ---- */

enum result keeper_link_call(struct keeper *keeper, struct arena *arena, enum keeper_verb verb,
                             json_t *arguments, int fd, json_t **ret_reply, int *ret_fd,
                             struct refusal *ret_refusal)
{
    (void)pthread_rwlock_rdlock(&keeper->lock);
    enum result result =
        keeper_client_call(keeper->client, arena, verb, arguments, fd, ret_reply, ret_fd, ret_refusal);
    (void)pthread_rwlock_unlock(&keeper->lock);
    return result;
}

enum result keeper_link_hot(struct keeper *keeper, enum hot_verb verb, int64_t product, const char *subject,
                            struct hot_reply *ret_reply)
{
    (void)pthread_rwlock_rdlock(&keeper->lock);
    enum result result = keeper_client_hot(keeper->client, verb, product, subject, ret_reply);
    (void)pthread_rwlock_unlock(&keeper->lock);
    return result;
}
