#include "base/refusal.h"

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
