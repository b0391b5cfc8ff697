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

enum { STARTS = 9, SETTLE_SECONDS = 3 };

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

struct kin {
    pid_t parent, group;
};

static struct kin kin_of(pid_t pid)
{
    char path[64], line[512];
    struct kin kin = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return kin;
    const char *end = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL; /* of its name */
    if (end != NULL) {
        char *next; /* ") S PARENT GROUP …" */
        kin.parent = (pid_t)strtol(end + 3, &next, 10);
        kin.group = (pid_t)strtol(next, NULL, 10);
    }
    (void)fclose(file);
    return kin;
}

/* KiB; 0 when it has ended. */
static long pss_of(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Pss:", 4) == 0)
            kib = strtol(line + 4, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return kib;
}

/* serve leads the group, the keeper is its child; the engine's zygote has left it, and waiting workers are
 * the zygote's. */
static void add_up(pid_t serving, double *ret_both, double *ret_all)
{
    DIR *folder = opendir("/proc");
    if (folder == NULL)
        bench_die("no /proc");
    *ret_both = *ret_all = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        struct kin kin = pid > 0 ? kin_of(pid) : (struct kin){0};
        if (kin.group != serving)
            continue;
        bool counts = pid == serving || kin.parent == serving;
        double mib = (double)pss_of(pid) / 1024;
        bench_say("%s: %.1f MiB PSS", pid == serving ? "serve" : counts ? "keeper" : "engine", mib);
        *ret_all += mib;
        *ret_both += counts ? mib : 0;
    }
    (void)closedir(folder);
}

static void measure_memory(const char *home, const char *dukou)
{
    struct serving serving = start(home, dukou);
    double both, all;
    (void)sleep(SETTLE_SECONDS);
    add_up(serving.child.pid, &both, &all);
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
