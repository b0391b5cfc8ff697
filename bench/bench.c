#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_SECONDS = 30 };

double bench_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *values, size_t count, double percent)
{
    qsort(values, count, sizeof *values, compare);
    size_t rank = (size_t)ceil(percent / 100 * (double)count);
    return values[rank == 0 ? 0 : rank - 1];
}

double bench_median(double *values, size_t count)
{
    return bench_percentile(values, count, 50);
}

void bench_tell(struct figure figure)
{
    (void)printf("%s\t%.6g\t%s\t%.6g\t%.4g\t%s\t%d\n", figure.name, figure.value, figure.unit, figure.limit,
                 figure.ratio, figure.target, figure.ok);
    (void)fflush(stdout);
}

void bench_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("  ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

void bench_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("  ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* ---- other processes ---- */

static void become(const char *const *arguments, const char *const *variables, int in, int out)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* when a measurement breaks off, nothing stays behind */
    for (size_t i = 0; variables != NULL && variables[i] != NULL; i++)
        (void)putenv((char *)(uintptr_t)variables[i]);
    (void)dup2(in, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
    _exit(127);
}

struct child bench_spawn(const char *const *arguments, const char *const *variables)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        bench_die("no pipe");
    pid_t pid = fork();
    if (pid < 0)
        bench_die("no process");
    if (pid == 0 && setpgid(0, 0) == 0)
        become(arguments, variables, in[0], out[1]);
    (void)close(in[0]);
    (void)close(out[1]);
    return (struct child){.pid = pid, .to = fdopen(in[1], "w"), .from = fdopen(out[0], "r")};
}

void bench_end(struct child *child)
{
    (void)fclose(child->to);
    (void)kill(child->pid, SIGTERM);
    (void)fclose(child->from);
    (void)waitpid(child->pid, NULL, 0);
}

double bench_ask(struct child *child, const char *line)
{
    char answer[256], *end;
    (void)fprintf(child->to, "%s\n", line);
    (void)fflush(child->to);
    if (fgets(answer, sizeof answer, child->from) == NULL)
        bench_die("the limit's program does not answer: %.200s", line);
    double number = strtod(answer, &end);
    if (end == answer)
        bench_die("the limit's program answers: %s", answer);
    return number;
}

static int connect_to(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return connected ? 0 : -1;
}

int bench_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        bench_die("no port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

double bench_wait_for_port(int port)
{
    double start = bench_now();
    while (connect_to(port) != 0) {
        if (bench_now() - start > WAIT_SECONDS)
            bench_die("nobody listens on port %d", port);
        (void)usleep(500);
    }
    return bench_now() - start;
}
