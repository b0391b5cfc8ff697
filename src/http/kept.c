/* Printed replies of public GET routes that say so (route.h, `kept`), until the next commit of the store.
 *
 * A reply is kept under the store's count of changes as it stood before the snapshot that made it. A change
 * counts before it is acknowledged, so nobody who knows of a change gets a reply from before it. */
#include "base/limits.h"
#include "http/exchange.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1024, STRIPES = 16 };

struct slot {
    char *path; /* with its query string */
    char *text;
    uint64_t generation;
};

struct kept {
    pthread_mutex_t stripes[STRIPES];
    struct slot slots[SLOTS];
};

struct kept *kept_new(void)
{
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL)
        abort();
    for (size_t i = 0; i < STRIPES; i++)
        (void)pthread_mutex_init(&kept->stripes[i], NULL);
    return kept;
}

void kept_free(struct kept *kept)
{
    for (size_t i = 0; i < SLOTS; i++) {
        free(kept->slots[i].path);
        free(kept->slots[i].text);
    }
    for (size_t i = 0; i < STRIPES; i++)
        (void)pthread_mutex_destroy(&kept->stripes[i]);
    free(kept);
}

/* FNV-1a: spreads paths over the slots, and is no more than that. */
static size_t slot_of(const char *path)
{
    uint64_t hash = 14695981039346656037U;
    for (const char *c = path; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211U;
    return (size_t)(hash % SLOTS);
}

static const char *whole_path(const struct exchange *exchange)
{
    const struct http_message *message = exchange->message;
    if (message->query == NULL)
        return message->path;
    return arena_printf(exchange->arena, "%s?%s", message->path, message->query);
}

char *kept_find(const struct exchange *exchange, uint64_t generation)
{
    struct kept *kept = exchange->app->dispatcher->kept;
    const char *path = whole_path(exchange);
    size_t at = slot_of(path);
    const struct slot *slot = &kept->slots[at];
    char *text = NULL;
    pthread_mutex_lock(&kept->stripes[at % STRIPES]);
    if (slot->generation == generation && slot->path != NULL && strcmp(slot->path, path) == 0)
        text = arena_strdup(exchange->arena, slot->text);
    pthread_mutex_unlock(&kept->stripes[at % STRIPES]);
    return text;
}

void kept_add(const struct exchange *exchange, uint64_t generation, const char *text)
{
    struct kept *kept = exchange->app->dispatcher->kept;
    const char *path = whole_path(exchange);
    if (strlen(path) + strlen(text) > LIMIT_KEPT_BYTES)
        return;
    size_t at = slot_of(path);
    struct slot *slot = &kept->slots[at];
    struct slot made = {strdup(path), strdup(text), generation};
    if (made.path == NULL || made.text == NULL)
        abort();
    pthread_mutex_lock(&kept->stripes[at % STRIPES]);
    struct slot old = *slot;
    *slot = made;
    pthread_mutex_unlock(&kept->stripes[at % STRIPES]);
    free(old.path);
    free(old.text);
}
