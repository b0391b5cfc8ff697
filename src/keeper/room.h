/* A query in a room, from its text to its rows: parsed in one worker, checked and printed by the guard, run
 * in another worker that holds just the columns that the checked query names. */
#pragma once

#include "guard/check.h"
#include "guard/print.h"
#include "keeper/serving.h"

/* A policy as the serving side sends it: the guard's own JSON, each table with "file", its name in the vault.
 */
struct room_version {
    uint8_t id[32]; /* of the file whose bounds were looked at; zeros: none was there */
};

struct room_policy {
    const struct policy *policy;
    const char *text;         /* the guard's JSON, canonical */
    const char *const *files; /* per table of the policy */
    struct room_version *versions;
    int64_t room; /* that its tables are bound to, 0: none */
};

/* Reads it and holds it against the floors and what each table was bound to (bound.h). `room`: where it is to
 * be used, 0 where that is not known. RESULT_FORBIDDEN for what goes beyond. */
enum result room_policy_read(struct serving *serving, struct call *call, const json_t *json, int64_t room,
                             struct room_policy *ret_policy);

/* Tree of the text, from a worker. */
enum result room_parse(struct serving *serving, struct call *call, struct running *running, const char *sql,
                       const char **ret_tree);

/* Parses and checks. */
enum result room_check(struct serving *serving, struct call *call, struct running *running,
                       const struct room_policy *policy, const char *sql, struct query *ret_query);

/* One table of a job that is printed already. */
struct room_table {
    const char *name; /* in the SQL */
    const char *file; /* in the vault */
    const struct room_version *version;
    const char *const *columns;
    size_t column_count;
};

/* Opens the tables' files, fills their memory files and runs the SQL. Registers the files' keys as scopes. */
enum result room_run(struct serving *serving, struct call *call, struct running *running, const char *sql,
                     const struct room_table *tables, size_t count, const struct engine_limits *limits,
                     struct engine_answer *ret_answer);
