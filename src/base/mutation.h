/* Takes out one named rule, so that a test can show what the rule is for (law/README.md): in a build with
 * -Dmutation=true the rule whose name stands in the environment variable DUKOU_WITHOUT is not asked. The
 * installed binary holds none of this: there mutation_without() is constant false. */
#pragma once

#include <stdbool.h>

#ifdef DUKOU_MUTATION
bool mutation_without(const char *name);
#else
static inline bool mutation_without(const char *name)
{
    (void)name;
    return false;
}
#endif
