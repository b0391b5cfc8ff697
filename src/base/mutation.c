#include "base/mutation.h"

#ifdef DUKOU_MUTATION

#include <stdlib.h>
#include <string.h>

bool mutation_without(const char *name)
{
    const char *without = getenv("DUKOU_WITHOUT");
    return without != NULL && name != NULL && strcmp(without, name) == 0;
}

#else

/* ISO C wants a declaration in every file. */
typedef int mutation_is_off;

#endif
