/* guard: a parser's tree, checked against a policy and printed; as a query and as a product's predicate. */
#include "base/json.h"
#include "fuzz.h"
#include "guard/check.h"
#include "guard/predicate.h"
#include "guard/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char policy_text[] =
    "{\"rule\":\"release/"
    "standard\",\"version\":1,\"tables\":[{\"name\":\"resident\",\"kind\":\"resource\",\"subject\":\"id\","
    "\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\",\"use\":\"key\"},"
    "{\"name\":\"age\",\"type\":\"BIGINT\",\"use\":\"measure\",\"filterable\":true,\"non_negative\":true},"
    "{\"name\":\"district\",\"type\":\"VARCHAR\",\"use\":\"key_dimension\"},{\"name\":\"born\",\"type\":"
    "\"DATE\","
    "\"use\":\"dimension\"},"
    "{\"name\":\"pay\",\"type\":\"DECIMAL(9,2)\",\"use\":\"measure\"}]},"
    "{\"name\":\"own\",\"kind\":\"import\",\"columns\":[{\"name\":\"district\",\"type\":\"VARCHAR\",\"use\":"
    "\"key_dimension\"},"
    "{\"name\":\"zone\",\"type\":\"VARCHAR\",\"use\":\"dimension\"}]}],"
    "\"joins\":[{\"left\":[\"resident\",\"district\"],\"right\":[\"own\",\"district\"]}]}";

static const struct policy *policy(void)
{
    static const struct policy *kept;
    static struct arena *arena; /* as long as the process */
    if (kept == NULL) {
        arena = arena_new(0);
        json_t *json = json_keep(arena, json_loads(policy_text, 0, NULL));
        struct refusal refusal = {0};
        if (policy_read(arena, json, &kept, &refusal) != RESULT_OK) {
            (void)fprintf(stderr, "%s: %s\n", refusal.field, refusal.en);
            abort();
        }
    }
    return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    char *text = fuzz_text(bytes, size);
    struct refusal refusal = {0};
    struct query query;
    struct guard_printed printed;
    struct guard_predicate predicate;
    if (guard_check(arena, policy(), NULL, text, &query, &refusal) != RESULT_OK)
        assert(refusal.en != NULL && refusal.zh != NULL);
    else if (guard_print_duckdb(arena, &query, &printed) == RESULT_OK)
        assert(strncmp(printed.sql, "SELECT", 6) == 0 || strncmp(printed.sql, "WITH", 4) == 0);
    (void)guard_check_predicate(arena, policy(),
                                &(struct predicate){.kind = PREDICATE_SCORE, .least = 0, .most = 100}, NULL,
                                text, &predicate, &refusal);
    free(text);
    return 0;
}
