/* What a database must offer to be a back-end of the store. store.c checks that a back-end is complete, picks
 * it by the url, and asks nothing else about it. */
#pragma once

#include "store/schema.h"

/* The first member of a back-end's own transaction. */
struct store_tx {
    const struct store_backend *backend;
    const struct store_schema *schema;
};

struct store_opening {
    const char *url;
    const struct store_schema *schema;
    struct arena *arena;     /* for the words of the refusal */
    struct refusal *refusal; /* may be NULL */
};

struct store_restoring {
    const char *from;
    const char *to;
    bool overwrite;
    struct arena *arena;
    struct refusal *refusal; /* may be NULL */
};

/* A row on its way from one store to another. */
typedef enum result store_dump_row(const char *table, const struct store_row *row, void *argument);
struct store_filler {
    enum result (*put)(struct store_filler *filler, const char *table, const struct store_row *row);
    /* As store_reserve() does; behind the rows. */
    enum result (*reserve)(struct store_filler *filler, const struct store_reserved *reserved);
};
typedef enum result store_each_reserved(const struct store_reserved *reserved, void *argument);
typedef enum result store_fill_work(struct store_filler *filler, void *argument);

struct store_backend {
    const char *name;
    bool (*takes)(const char *url);
    enum result (*there)(const char *url);
    enum result (*open)(const struct store_opening *opening, void **ret_state);
    void (*close)(void *state);
    /* NULL, both: by a copy in SQLite. */
    enum result (*backup)(void *state, const char *path);
    enum result (*restore)(const struct store_restoring *restoring);
    enum result (*write)(void *state, store_work *work, void *argument);
    enum result (*read)(void *state, store_work *work, void *argument);
    enum result (*exec)(struct store_tx *tx, enum sql statement, const struct store_bind *binds,
                        int64_t *ret_changed);
    /* Values of the row live in `arena`; names as long as the store. */
    enum result (*one)(struct store_tx *tx, struct arena *arena, enum sql statement,
                       const struct store_bind *binds, struct store_row *ret_row);
    enum result (*many)(struct store_tx *tx, struct arena *arena, enum sql statement,
                        const struct store_bind *binds, struct store_rows *ret_rows);
    enum result (*each)(struct store_tx *tx, enum sql statement, const struct store_bind *binds,
                        store_each_row *each, void *argument);
    const struct store_change *(*take)(struct store_tx *tx, size_t *ret_count);
    enum result (*walk)(struct store_tx *tx, store_each_covered *each, void *argument);
    /* Every row of every table but `migration`, also of tables that the audit log leaves out: tables by name,
     * rows by key; of a search table its number and text. */
    enum result (*dump)(struct store_tx *tx, store_dump_row *each, void *argument);
    /* `work` puts the rows of whole tables into a store that nobody uses, in one transaction. They are rows
     * of another store: no entry is asked for. */
    enum result (*fill)(void *state, store_fill_work *work, void *argument);
    enum result (*reserve)(const char *url, const struct store_reserved *reserved, size_t count);
    /* What was reserved, so that a copy keeps to it: table by table. */
    enum result (*each_reserved)(struct store_tx *tx, store_each_reserved *each, void *argument);
    /* May be NULL: fills what it knows of batches and log_bytes. */
    void (*figures)(void *state, struct store_figures *figures);
    /* store_generation(). */
    uint64_t (*version)(void *state);
    /* Leading what `number` stands for (store.h, store_lead()); the lead may be used by one thread at a time.
     */
    enum result (*lead)(void *state, int64_t number, void **ret_lead);
    bool (*leads)(void *lead);
    void (*lead_end)(void *lead);
};

extern const struct store_backend store_sqlite;
extern const struct store_backend store_postgres;

/* A programmer's mistake or a failed fsync: says so on standard error and stops the process. */
_Noreturn void store_stop(const char *format, ...) __attribute__((format(printf, 1, 2)));
