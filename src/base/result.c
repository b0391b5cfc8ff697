#include "base/result.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    const char *name;
    int status;
} results[] = {
#define X(symbol, status) [RESULT_##symbol] = {#symbol, status},
    RESULT_LIST(X)
#undef X
};

const char *result_name(enum result result)
{
    assert((size_t)result < sizeof results / sizeof results[0]);
    return results[result].name;
}

int result_http_status(enum result result)
{
    assert((size_t)result < sizeof results / sizeof results[0]);
    return results[result].status;
}
