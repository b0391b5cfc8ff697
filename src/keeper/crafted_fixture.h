/* A keeper that crafted files are sent to, and what must hold after each. */
#pragma once

#include "keeper/fixture.h"
#include "support/attack.h"

struct crafted {
    struct fixture fixture;
    row_id imports;
    int looked;          /* files made by looking at what was taken in */
    int files;           /* below its home then, tombstones left out */
    long resident_pages; /* of the keeper */
};

/* A keeper that has taken in a good file, so that it is warm. */
struct crafted crafted_begin(void);
/* Nothing further lies in the vault, no canary, and the keeper has not grown by 16 MiB. */
void crafted_end(struct crafted *crafted);
#define CLEANUP_CRAFTED __attribute__((cleanup(crafted_end)))

struct crafted_outcome {
    enum result result; /* of taking it in */
    bool accepted;
    int64_t rows;
    int64_t id_sum;   /* of what was taken in, by a query */
    const char *text; /* the refusal, or what the report says */
};

/* Has the file described and taken in as an import of its own with {"id": integer from 0 on, "name": text}.
 * Fails the test when a refusal has no words in either language, or tells a value. */
struct crafted_outcome crafted_send(struct crafted *crafted, const void *bytes, size_t size);

/* "files" of the attack report; `name` is put behind `class`. */
void crafted_report(const char *class, const char *name, const char *tried, const char *seen);
