/* Starting and stopping: the fork, what the child gives up, and the first word that it says. */
#include "keeper/keeper.h"

#include "base/limits.h"
#include "keeper/claims.h"
#include "keeper/client.h"
#include "keeper/harden.h"
#include "keeper/keeper_inner.h"
#include "keeper/serving.h"
#include "vault/protect.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child ---- */

static enum result open_clock(const struct keeper_options *options, struct clock **ret_clock)
{
    if (options->clock != NULL)
        return clock_shared(options->clock, ret_clock);
    *ret_clock = clock_system();
    return RESULT_OK;
}

static enum result token_secret(struct vault *vault, uint8_t *ret_secret)
{
    static const char label[] = "dukou subject tokens 1";
    uint8_t key[VAULT_KEY_SIZE];
    TRY(vault_key_ensure(vault_keys_of(vault), "subject/tokens", key));
    struct digest secret = digest_hmac(key, sizeof key, label, sizeof label - 1);
    memcpy(ret_secret, secret.bytes, DIGEST_SIZE);
    sodium_memzero(key, sizeof key);
    sodium_memzero(&secret, sizeof secret);
    return RESULT_OK;
}

/* A key that is not there although the vault holds what it sealed: a home brought back without its keys. */
static enum result missing_key(enum result result)
{
    return result == RESULT_NOT_FOUND ? RESULT_CORRUPT : result;
}

/* In this order: the zygote is forked before any key is in memory. */
static enum result open_serving(const struct keeper_options *options, struct serving *serving)
{
    TRY(vault_protect_core()); /* the zygote and its workers too: rows pass through them */
    TRY(options->start_engine(options->engine_library, &serving->engine));
    TRY(vault_protect_process());
    harden_process();
    TRY(open_clock(options, &serving->clock));
    TRY(vault_open(options->home, options->master_key, serving->clock, &serving->vault));
    TRY(missing_key(signing_open(serving->vault, options->origin, &serving->signing)));
    const struct note_key keys[2] = {serving->signing->log_ed25519, serving->signing->log_sm2};
    TRY(authority_open(&serving->authority, options->home, options->origin, keys,
                       serving->signing->record_secret));
    TRY(missing_key(token_secret(serving->vault, serving->signing->subject_secret)));
    running_init(&serving->running);
    serving->claims = claims_new();
    (void)pthread_mutex_init(&serving->log, NULL);
    serving->origin = options->origin;
    serving->indexes = index_cache_new(serving->vault);
    serving->quick = crew_new(LIMIT_KEEPER_QUICK, LIMIT_KEEPER_QUEUE);
    serving->slow = crew_new(LIMIT_KEEPER_SLOW, LIMIT_KEEPER_QUEUE);
    return RESULT_OK;
}

enum { CALLS_FD = 3, HOT_FD = 4 };

/* Everything that the parent had open is closed, but for these two sockets (`hot` may be −1) and the standard
 * streams. */
static bool keep_only(int calls, int hot)
{
    int high_calls = fcntl(calls, F_DUPFD, 64);
    int high_hot = hot >= 0 ? fcntl(hot, F_DUPFD, 64) : -1;
    if (high_calls < 0 || dup3(high_calls, CALLS_FD, O_CLOEXEC) != CALLS_FD)
        return false;
    if (hot < 0)
        return close_range(CALLS_FD + 1, ~0U, 0) == 0;
    return high_hot >= 0 && dup3(high_hot, HOT_FD, O_CLOEXEC) == HOT_FD &&
           close_range(HOT_FD + 1, ~0U, 0) == 0;
}

/* `calls` is one serving process's socket, or without `hot` the door that hands in any number of them. */
__attribute__((noreturn)) static void child(const struct keeper_options *options, int calls, int hot)
{
    struct serving serving = {0};
    /* Ctrl-C in a terminal goes to every process; the serving one stops this one in its own time. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    /* Threads share their memory pools: an idle keeper stays small. */
    (void)mallopt(M_ARENA_MAX, 2);
    enum result result = keep_only(calls, hot) ? open_serving(options, &serving) : RESULT_IO;
    const struct channel_head hello = {.result = (uint32_t)result};
    if (channel_send(CALLS_FD, &hello, NULL, NULL, 0) == RESULT_OK && result == RESULT_OK) {
        if (hot >= 0)
            serve(connection_new(&serving, CALLS_FD, HOT_FD));
        else
            serve_door(&serving, CALLS_FD);
    }
    engine_stop(serving.engine);
    _exit(result == RESULT_OK ? 0 : 1);
}

/* ---- the parent ---- */

enum result keeper_refuse_start(enum result result, struct refusal *ret_refusal)
{
    struct refusal refusal = {.result = result,
                              .zh = "数据保管进程未能启动",
                              .en = "the keeper did not start",
                              .remedy_zh = "请检查主目录、主密钥与 DuckDB 库文件",
                              .remedy_en = "check the home folder, the master key and the DuckDB library"};
    if (result == RESULT_FORBIDDEN) {
        refusal.zh = "主密钥文件可被他人读取";
        refusal.en = "others may read the master key file";
        refusal.remedy_zh = "请将其权限改为 0600";
        refusal.remedy_en = "set its mode to 0600";
    } else if (result == RESULT_CORRUPT) {
        refusal.zh = "主密钥与已保存的密钥不符，或密钥文件已损坏、缺失";
        refusal.en = "the master key does not open the stored keys, or a key file is damaged or missing";
        refusal.remedy_zh = "请恢复正确的密钥目录与主密钥";
        refusal.remedy_en = "put the right folder of keys and the right master key back";
    } else if (result == RESULT_BUSY) {
        refusal.zh = "该主目录已由另一个进程使用";
        refusal.en = "another process works on this home folder";
        refusal.remedy_zh = "请先停止正在运行的服务";
        refusal.remedy_en = "stop the one that serves first";
    } else if (result == RESULT_NOT_FOUND) {
        refusal.zh = "找不到 DuckDB 库文件";
        refusal.en = "the DuckDB library is not there";
        refusal.remedy_zh = "请运行 make build，或用环境变量 DUKOU_DUCKDB 指明";
        refusal.remedy_en = "run make build, or name it in DUKOU_DUCKDB";
    }
    return refuse(ret_refusal, refusal);
}

static enum result hear_hello(int calls)
{
    struct channel_message hello = {0};
    TRY(channel_receive(calls, &hello));
    enum result result = (enum result)hello.head.result;
    channel_message_free(&hello);
    return result;
}

enum result keeper_fork(const struct keeper_options *options, bool hot_too, struct keeper_child *ret_child)
{
    struct keeper_child made = {.hot = -1};
    int calls[2];
    int hot[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, calls) != 0)
        return RESULT_IO;
    if (hot_too && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, hot) != 0) {
        (void)close(calls[0]);
        (void)close(calls[1]);
        return RESULT_IO;
    }
    made.process = fork();
    if (made.process == 0) {
        (void)close(calls[0]);
        (void)close(hot[0]);
        child(options, calls[1], hot[1]);
    }
    made.calls = calls[0];
    made.hot = hot[0];
    (void)close(calls[1]);
    (void)close(hot[1]);
    enum result result = made.process > 0 ? hear_hello(calls[0]) : RESULT_IO;
    if (result == RESULT_OK) {
        *ret_child = made;
        return RESULT_OK;
    }
    (void)close(calls[0]);
    (void)close(hot[0]);
    if (made.process > 0)
        (void)waitpid(made.process, NULL, 0);
    return result;
}

enum result keeper_start(const struct keeper_options *options, struct keeper **ret_keeper,
                         struct refusal *ret_refusal)
{
    struct keeper_child child;
    TRY(vault_protect_swap(NULL, ret_refusal));
    enum result result = keeper_fork(options, true, &child);
    if (result != RESULT_OK)
        return keeper_refuse_start(result, ret_refusal);
    return keeper_link_new(&child, NULL, ret_keeper);
}

/* It ends when it sees its sockets end; one that does not is not waited for without end. */
void keeper_wait_for_end(pid_t process)
{
    enum { TRIES = 500, EACH_MICROSECONDS = 10 * 1000 };
    for (int tries = 0; tries < TRIES; tries++) {
        pid_t ended = waitpid(process, NULL, WNOHANG);
        if (ended == process || (ended < 0 && errno != EINTR))
            return;
        (void)usleep(EACH_MICROSECONDS);
    }
    (void)kill(process, SIGKILL);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
        continue;
}
