/* A sealed result: what a query computed, with its measurements and the policy that held, as one object
 * ("result/9" under "room/2") that nobody reads until the egress review.
 *
 *     "DKSEAL02", texts (policy, SQL, printed SQL), the plan, the answer as engine/answer.h has it */
#pragma once

#include "engine/wire.h"
#include "guard/print.h"
#include "guard/release.h"
#include "keeper/serving.h"

struct sealed {
    const char *policy;  /* JSON */
    const char *sql;     /* as the developer wrote it */
    const char *printed; /* as it ran */
    struct release_plan plan;
    struct engine_answer answer;
    int64_t room; /* whose key it is under; of the object, not of its bytes */
};

/* The bytes; free them with wire_out_free(), wiped by the caller. */
void sealed_write(const struct sealed *sealed, struct wire_out *out);

/* Everything in the arena. RESULT_CORRUPT. */
enum result sealed_read(struct arena *arena, const void *bytes, size_t size, struct sealed *ret_sealed);

/* Opens result/RESULT of the vault: the content and the policy that held, raised to the floors. */
enum result sealed_open(struct serving *serving, struct call *call, int64_t result_id,
                        struct sealed *ret_sealed, const struct policy **ret_policy);
