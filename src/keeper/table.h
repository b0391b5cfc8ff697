/* Tables in the vault: taken in through the jail, handed out as sparse memory files. */
#pragma once

#include "keeper/serving.h"

/* Where a table comes from and goes to. */
struct table_ingest {
    const char *object; /* "slice/17" */
    const char *key;    /* "grant/17" */
    int input;          /* the bytes in clear, in a memory file */
    size_t limit;       /* of their size */
    const json_t *expected;
    const json_t *stated; /* what the source stated of it (vault/delivery.h); NULL: nothing */
};

/* Checks and re-encodes in a worker, then encrypts into the vault. Fills call->reply with the report:
 * {"accepted","rows","columns":[{"name","type","nulls","violations"}],"violations":[{"line","column","reason"}],
 *  "violation_total","digest"}; unless "accepted", nothing has been stored and "digest" is absent. */
enum result table_ingest(struct serving *serving, struct call *call, struct running *running,
                         const struct table_ingest *ingest);

/* An upload's columns: {"format","columns":[{"name","type","nulls"}],"rows"}. */
enum result table_describe(struct serving *serving, struct call *call, struct running *running, int input);

struct table_stored {
    int64_t rows;
    const char *layout;  /* for engine_layout_ranges() */
    const json_t *bound; /* bound.h; NULL in what was stored before there was any */
};

/* What vault_file_layout() holds of a table. RESULT_CORRUPT. */
enum result table_stored(struct arena *arena, const struct vault_file *file, struct table_stored *ret_stored);

/* A memory file with just the chunks of these columns, and of the footer not the values of others. */
enum result table_sparse(struct arena *arena, struct vault_file *file, const char *const *columns,
                         size_t column_count, int *ret_fd);
