/* What a served city costs: from exec to the first answered request, and memory when nobody asks.
 *
 * idle_bench HOME DUKOU: HOME holds a city, best the demo's (`dukou city`). Memory is the proportional set
 * size (PSS, from smaps_rollup): pages that processes share are counted once. */
#include "bench.h"
#include "load.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STARTS = 9, SETTLE_SECONDS = 3, PROCESSES_MAX = 64 };

struct serving {
    struct child child;
    double milliseconds; /* until the first answer */
};

static struct serving start(const char *home, const char *dukou)
{
    static const char request[] = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    char home_variable[600], port_variable[32];
    size_t size;
    const char *body;
    int port = bench_port();
    (void)snprintf(home_variable, sizeof home_variable, "DUKOU_HOME=%s", home);
    (void)snprintf(port_variable, sizeof port_variable, "DUKOU_PORT=%d", port);
    double begun = bench_now();
    struct child child = bench_spawn((const char *const[]){dukou, "serve", NULL},
                                     (const char *const[]){home_variable, port_variable, NULL});
    (void)bench_wait_for_port(port);
    char *answer = load_once(port, request, &size, &body);
    double milliseconds = (bench_now() - begun) * 1000;
    if (strncmp(answer, "HTTP/1.1 200", 12) != 0)
        bench_die("not healthy: %s", answer);
    free(answer);
    return (struct serving){child, milliseconds};
}

static void measure_start(const char *home, const char *dukou)
{
    double times[STARTS];
    for (int i = 0; i < STARTS; i++) {
        struct serving serving = start(home, dukou);
        times[i] = serving.milliseconds;
        bench_end(&serving.child);
    }
    double middle = bench_median(times, STARTS);
    bench_tell((struct figure){.name = "demo city, from exec to the first answer",
                               .value = middle,
                               .unit = "ms",
                               .target = "value <= 200",
                               .ok = middle <= 200});
}

/* ---- memory ---- */

static pid_t parent_of(pid_t pid)
{
    char path[64], line[512];
    int parent = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL) {
        const char *end = strrchr(line, ')'); /* of the name, which may hold anything */
        if (end == NULL || sscanf(end + 2, "%*c %d", &parent) != 1)
            parent = 0;
    }
    (void)fclose(file);
    return parent;
}

/* KiB; 0 when it has ended. */
static long pss_of(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Pss: %ld", &kib) == 1)
            break;
    if (file != NULL)
        (void)fclose(file);
    return kib;
}

/* The children of one of `pids`, appended to it. */
static size_t add_children(pid_t *pids, size_t count, pid_t of)
{
    DIR *folder = opendir("/proc");
    if (folder == NULL)
        bench_die("no /proc");
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL && count < PROCESSES_MAX;) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && parent_of(pid) == of)
            pids[count++] = pid;
    }
    (void)closedir(folder);
    return count;
}

/* serve is the process itself, the keeper its child; zygote and waiting workers come after them. */
static void measure_memory(const char *home, const char *dukou)
{
    struct serving serving = start(home, dukou);
    (void)sleep(SETTLE_SECONDS);
    pid_t pids[PROCESSES_MAX] = {serving.child.pid};
    size_t count = add_children(pids, 1, serving.child.pid), two = count;
    for (size_t i = 1; i < count; i++)
        count = add_children(pids, count, pids[i]);
    double both = 0, all = 0;
    for (size_t i = 0; i < count; i++) {
        double mib = (double)pss_of(pids[i]) / 1024;
        bench_say("process %zu of %zu: %.1f MiB PSS", i + 1, count, mib);
        all += mib;
        both += i < two ? mib : 0;
    }
    bench_end(&serving.child);
    bench_tell((struct figure){.name = "demo city, serve and keeper, idle (PSS)",
                               .value = both,
                               .unit = "MiB",
                               .target = "value <= 64",
                               .ok = both <= 64});
    bench_tell((struct figure){
        .name = "  with the engine's zygote and waiting workers", .value = all, .unit = "MiB", .target = ""});
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    measure_start(argv[1], argv[2]);
    measure_memory(argv[1], argv[2]);
    return 0;
}
