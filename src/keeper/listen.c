/* The keeper as a process of its own. The parent is its door: it holds no key, listens, looks who comes, and
 * hands the sockets in. The keeper is its child, as it is a serving process's otherwise, and sits in
 * namespaces in which it could not tell users apart. */
#include "base/limits.h"
#include "keeper/keeper_inner.h"
#include "vault/protect.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAITING_MAX = 64, GROUPS_MAX = 256 };

/* ---- who may come in ---- */

static bool is_member(int peer, gid_t group)
{
    gid_t groups[GROUPS_MAX];
    socklen_t size = sizeof groups;
    if (getsockopt(peer, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof *groups; i++)
        if (groups[i] == group)
            return true;
    return false;
}

static bool may_enter(const struct keeper_door *door, int peer)
{
    struct ucred who;
    socklen_t size = sizeof who;
    if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
        return false;
    if (who.uid == geteuid() || (door->user != KEEPER_NOBODY && who.uid == door->user))
        return true;
    return door->group != KEEPER_NOBODY && (who.gid == door->group || is_member(peer, door->group));
}

/* ---- the socket ---- */

/* One that nobody listens on is left from a process that was killed. */
static enum result remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return RESULT_OK;
    if (!S_ISSOCK(status.st_mode))
        return RESULT_CONFLICT;
    int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool answers = probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof *address) == 0;
    int why = errno;
    if (probe >= 0)
        (void)close(probe);
    if (answers || (why != ECONNREFUSED && why != ENOENT))
        return RESULT_BUSY;
    return unlink(address->sun_path) == 0 || errno == ENOENT ? RESULT_OK : RESULT_IO;
}

/* The folder and this mode are the first lock, may_enter() the second. */
static bool set_mode(const struct keeper_door *door)
{
    mode_t mode = 0600;
    if (door->group != KEEPER_NOBODY) {
        if (chown(door->path, (uid_t)-1, door->group) != 0)
            return false;
        mode = 0660;
    }
    if (door->user != KEEPER_NOBODY)
        mode = 0666;
    return chmod(door->path, mode) == 0;
}

static enum result open_door(const struct keeper_door *door, int *ret_listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(door->path) >= sizeof address.sun_path)
        return RESULT_TOO_LARGE;
    memcpy(address.sun_path, door->path, strlen(door->path) + 1);
    TRY(remove_stale(&address));
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0177);
    bool open = listener >= 0 && bind(listener, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)umask(mask);
    if (open && set_mode(door) && listen(listener, WAITING_MAX) == 0) {
        *ret_listener = listener;
        return RESULT_OK;
    }
    if (open)
        (void)unlink(door->path);
    if (listener >= 0)
        (void)close(listener);
    return RESULT_IO;
}

static enum result refuse_door(enum result result, const struct keeper_door *door,
                               struct refusal *ret_refusal)
{
    struct refusal refusal = {.result = result,
                              .field = door->path,
                              .zh = "无法在该路径建立套接字",
                              .en = "the socket cannot be made at this path",
                              .remedy_zh = "请核对目录、权限与组，路径须短于 108 字节",
                              .remedy_en = "check the folder, its permissions and the group; the path must "
                                           "have fewer than 108 bytes"};
    if (result == RESULT_BUSY) {
        refusal.zh = "另一个数据保管进程正在该路径上监听";
        refusal.en = "another keeper listens at this path";
        refusal.remedy_zh = "请先停止它，或换一个路径";
        refusal.remedy_en = "stop it first, or choose another path";
    } else if (result == RESULT_CONFLICT) {
        refusal.zh = "该路径上已有一个不是套接字的文件";
        refusal.en = "there is a file at this path that is no socket";
        refusal.remedy_zh = "请换一个路径";
        refusal.remedy_en = "choose another path";
    }
    return refuse(ret_refusal, refusal);
}

/* ---- serving ---- */

static void let_in(const struct keeper_door *door, int listener, int keeper)
{
    const struct channel_head head = {0};
    const struct channel_head sorry = {.result = RESULT_FORBIDDEN};
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0)
        return;
    if (may_enter(door, peer))
        (void)channel_send(keeper, &head, NULL, &peer, 1);
    else
        (void)channel_send(peer, &sorry, NULL, NULL, 0);
    (void)close(peer);
}

/* Until a signal asks to stop, or the keeper ends by itself. */
static enum result mind_the_door(const struct keeper_door *door, int listener, int keeper, int stops)
{
    struct pollfd watched[] = {{.fd = listener, .events = POLLIN},
                               {.fd = keeper, .events = POLLIN},
                               {.fd = stops, .events = POLLIN}};
    for (;;) {
        if (poll(watched, 3, -1) < 0 && errno != EINTR)
            return RESULT_IO;
        if (watched[2].revents != 0)
            return RESULT_OK;
        if (watched[1].revents != 0)
            return RESULT_UNAVAILABLE;
        if (watched[0].revents != 0)
            let_in(door, listener, keeper);
    }
}

/* Blocked in the keeper too: it ends when its door does. */
static int stop_signals(void)
{
    sigset_t stops;
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stops, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &stops, SFD_CLOEXEC);
}

static enum result refuse_end(struct refusal *ret_refusal)
{
    return refuse(ret_refusal, (struct refusal){.result = RESULT_UNAVAILABLE,
                                                .zh = "数据保管进程意外结束",
                                                .en = "the keeper has ended by itself",
                                                .remedy_zh = "请重新启动；如持续出现，请查看系统日志",
                                                .remedy_en = "start it again; see the system's log if it "
                                                             "persists"});
}

enum result keeper_listen(const struct keeper_options *options, const struct keeper_door *door,
                          void (*ready)(const char *path), struct refusal *ret_refusal)
{
    struct keeper_child child;
    int listener;
    TRY(vault_protect_swap(NULL, ret_refusal));
    int stops = stop_signals();
    if (stops < 0)
        return RESULT_IO;
    enum result result = keeper_fork(options, false, &child);
    if (result != RESULT_OK) {
        (void)close(stops);
        return keeper_refuse_start(result, ret_refusal);
    }
    result = open_door(door, &listener);
    if (result == RESULT_OK) {
        ready(door->path);
        result = mind_the_door(door, listener, child.calls, stops);
        (void)unlink(door->path);
        (void)close(listener);
        if (result == RESULT_UNAVAILABLE)
            (void)refuse_end(ret_refusal);
    } else {
        (void)refuse_door(result, door, ret_refusal);
    }
    (void)close(child.calls);
    (void)close(stops);
    keeper_wait_for_end(child.process);
    return result;
}
