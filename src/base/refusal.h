/* Why something was refused, in words a caller can act on.
 *
 * Any floor may fill one; `http` prints it as an RFC 9457 problem. All text is static or lives in the
 * arena of the request. */
#pragma once

#include "base/result.h"
#include "law.h"

struct refusal {
    enum result result;
    enum law law;      /* the clause that is concerned, LAW_NONE where none is */
    const char *field; /* JSON pointer, parameter, column or line; NULL when it is the whole */
    const char *zh;    /* the reason */
    const char *en;
    const char *remedy_zh; /* the way out */
    const char *remedy_en;
};

/* Fills *ret_refusal unless it is NULL, and returns refusal.result, so that a check reads
 *     return refuse(ret, (struct refusal){.result = RESULT_INVALID, .law = LAW(REASONS), …});  */
enum result refuse(struct refusal *ret_refusal, struct refusal refusal);

/* The same with all its words in the arena. */
struct arena;
struct refusal refusal_copy(struct arena *arena, const struct refusal *refusal);
