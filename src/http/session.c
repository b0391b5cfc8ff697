/* That a session is in use, noted behind the request that used it. */
#include "http/background.h"
#include "http/exchange.h"
#include "http/jobs.h"

#include <stdlib.h>
#include <string.h>

struct note {
    const struct app *app;
    char *token;
    instant at;
    _Atomic uint64_t *place; /* in dispatcher.noting */
};

static enum result note_in(struct work *work, void *argument)
{
    const struct note *note = argument;
    return note->app->identity->session_used(work, note->token, note->at);
}

static void note_free(struct note *note)
{
    if (note->token != NULL)
        explicit_bzero(note->token, strlen(note->token));
    free(note->token);
    *note->place = 0;
    free(note);
}

/* When it fails the session stays stale, and its next request tries again. */
static void run(const struct app *app, void *argument)
{
    struct note *note = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    (void)background_write(app, arena, &background_system, note_in, note, NULL);
    note_free(note);
}

/* A token is random digits: its beginning tells it from others, and need not do so always. */
static uint64_t beginning(const char *token)
{
    char digits[16];
    (void)snprintf(digits, sizeof digits, "%s", token);
    return strtoull(digits, NULL, 16) | 1;
}

void session_note_use(struct exchange *exchange)
{
    const struct app *app = exchange->app;
    if (!exchange->known || exchange->session == NULL || !exchange->is.stale || app->jobs == NULL)
        return;
    uint64_t key = beginning(exchange->session);
    _Atomic uint64_t *place = &app->dispatcher->noting[key / 2 % SESSIONS_NOTED_AT_ONCE];
    uint64_t none = 0;
    if (!atomic_compare_exchange_strong(place, &none, key))
        return;
    struct note *note = calloc(1, sizeof *note);
    if (note == NULL)
        abort();
    *note = (struct note){app, strdup(exchange->session), clock_now(app->clock), place};
    if (note->token == NULL || jobs_start(app->jobs, run, app, note) != RESULT_OK)
        note_free(note);
}
