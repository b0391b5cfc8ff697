/* Text that grows in an arena. */
#pragma once

#include "base/arena.h"

#include <stddef.h>

struct writer {
    struct arena *arena;
    char *text; /* NUL-terminated once something was put */
    size_t size;
    size_t room;
};

void put(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_name(struct writer *writer, const char *name);    /* "quoted identifier" */
void put_literal(struct writer *writer, const char *text); /* 'quoted text' */
