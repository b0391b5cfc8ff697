#include "served.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

static void set_clock(const struct served *served)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t offset = json_integer_or(served->city, "now", 0) - (now.tv_sec * 1000000 + now.tv_nsec / 1000);
    FILE *file = fopen(arena_printf(served->arena, "%s/clock", served->home), "w");
    if (file == NULL || fwrite(&offset, sizeof offset, 1, file) != 1 || fclose(file) != 0)
        bench_die("cannot set the city's clock");
}

double served_start(struct served *served, const char *extra)
{
    served->port = bench_port();
    const char *variables[] = {arena_printf(served->arena, "DUKOU_HOME=%s", served->home),
                               arena_printf(served->arena, "DUKOU_PORT=%d", served->port),
                               arena_printf(served->arena, "DUKOU_DUCKDB=%s", served->library),
                               "DUKOU_PUBLIC_PER_MINUTE=100000000",
                               "DUKOU_ACCOUNT_PER_MINUTE=100000000",
                               extra,
                               NULL};
    served->child = bench_spawn((const char *const[]){served->dukou, "serve", NULL}, variables);
    return bench_wait_for_port(served->port);
}

struct served served_open(struct arena *arena, const char *home, const char *dukou, const char *library,
                          const char *extra)
{
    struct served served = {.home = home, .dukou = dukou, .library = library, .arena = arena};
    served.city = json_load_file(arena_printf(arena, "%s/bench.json", home), 0, NULL);
    if (served.city == NULL)
        bench_die("%s is no city of city_make", home);
    set_clock(&served);
    (void)served_start(&served, extra);
    return served;
}

void served_close(struct served *served)
{
    bench_end(&served->child);
    json_decref(served->city);
}

static const char *bearer(const struct served *served, const char *token)
{
    return token == NULL ? "" : arena_printf(served->arena, "Authorization: Bearer %s\r\n", token);
}

const char *served_get(const struct served *served, const char *path, const char *token)
{
    return arena_printf(served->arena,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n%s\r\n", path,
                        bearer(served, token));
}

const char *served_post(const struct served *served, const char *path, const char *token, const char *body)
{
    return arena_printf(
        served->arena,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Type: application/json\r\nContent-Length: "
        "%zu\r\n\r\n%s",
        path, bearer(served, token), strlen(body), body);
}

const char *served_encoded(const struct served *served, const char *text)
{
    char *out = arena_alloc(served->arena, 3 * strlen(text) + 1), *at = out;
    for (; *text != '\0'; text++)
        at += isalnum((unsigned char)*text) ? snprintf(at, 2, "%c", *text)
                                            : snprintf(at, 4, "%%%02X", (unsigned char)*text);
    return out;
}
