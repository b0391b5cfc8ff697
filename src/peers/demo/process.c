#include "peers/demo/process.h"

#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 16, OUTPUT_MAX = 4 * 1024 * 1024, STOP_SECONDS = 15 };

static _Noreturn void become(const char *const *arguments, const char *const *variables, int output)
{
    char *argv[ARGUMENTS_MAX + 2] = {(char *)"dukou"};
    for (int i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
        argv[i + 1] = (char *)arguments[i];
    for (int i = 0; variables != NULL && variables[i] != NULL; i++)
        (void)putenv((char *)variables[i]);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)dup2(output, STDOUT_FILENO);
    execv("/proc/self/exe", argv);
    _exit(127);
}

enum result process_start(const char *const *arguments, const char *const *variables,
                          struct process *ret_process)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return RESULT_IO;
    pid_t pid = fork();
    if (pid == 0)
        become(arguments, variables, ends[1]);
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return RESULT_IO;
    }
    *ret_process = (struct process){.pid = pid, .output = ends[0]};
    return RESULT_OK;
}

/* Reads what is there within `milliseconds`: −1 at the end, 0 when nothing came. */
static ssize_t read_some(int fd, char *bytes, size_t size, int milliseconds)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, milliseconds) <= 0)
        return 0;
    ssize_t got = read(fd, bytes, size);
    return got > 0 ? got : -1;
}

enum result process_url(struct arena *arena, struct process *process, int seconds, const char **ret_url)
{
    char text[4096];
    size_t length = 0;
    instant deadline = clock_monotonic() + seconds * INSTANT_SECOND;
    while (clock_monotonic() < deadline && length < sizeof text - 1) {
        ssize_t got = read_some(process->output, text + length, sizeof text - 1 - length, 200);
        if (got < 0)
            return RESULT_UNAVAILABLE;
        length += (size_t)got;
        text[length] = '\0';
        const char *url = strstr(text, "http://");
        if (url == NULL || strpbrk(url, " \n") == NULL)
            continue;
        size_t size = strcspn(url, " \n");
        if (size > 0 && url[size - 1] == '/')
            size--;
        *ret_url = arena_strndup(arena, url, size);
        return RESULT_OK;
    }
    return RESULT_TIMEOUT;
}

void process_stop(struct process *process)
{
    if (process->pid <= 0)
        return;
    (void)kill(process->pid, SIGTERM);
    instant deadline = clock_monotonic() + STOP_SECONDS * INSTANT_SECOND;
    while (waitpid(process->pid, NULL, WNOHANG) == 0) {
        if (clock_monotonic() > deadline)
            (void)kill(process->pid, SIGKILL);
        (void)nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    }
    (void)close(process->output);
    *process = (struct process){.output = -1};
}

enum result process_run(struct arena *arena, const char *const *arguments, const char *const *variables,
                        int *ret_code, const char **ret_output)
{
    struct process process;
    TRY(process_start(arguments, variables, &process));
    char *output = arena_alloc(arena, OUTPUT_MAX + 1);
    size_t length = 0;
    for (ssize_t got = 0; got >= 0 && length < OUTPUT_MAX; length += (size_t)(got > 0 ? got : 0))
        got = read_some(process.output, output + length, OUTPUT_MAX - length, 1000);
    int status = 0;
    (void)waitpid(process.pid, &status, 0);
    (void)close(process.output);
    *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    *ret_output = output;
    return RESULT_OK;
}
