#include "base/refusal.h"

#include "base/arena.h"

#include <assert.h>
#include <stddef.h>

enum result refuse(struct refusal *ret_refusal, struct refusal refusal)
{
    assert(refusal.result != RESULT_OK);
    assert(refusal.zh != NULL && refusal.en != NULL);
    if (ret_refusal != NULL)
        *ret_refusal = refusal;
    return refusal.result;
}

static const char *copied(struct arena *arena, const char *text)
{
    return text != NULL ? arena_strdup(arena, text) : NULL;
}

struct refusal refusal_copy(struct arena *arena, const struct refusal *refusal)
{
    return (struct refusal){.result = refusal->result,
                            .law = refusal->law,
                            .field = copied(arena, refusal->field),
                            .zh = copied(arena, refusal->zh),
                            .en = copied(arena, refusal->en),
                            .remedy_zh = copied(arena, refusal->remedy_zh),
                            .remedy_en = copied(arena, refusal->remedy_en)};
}
