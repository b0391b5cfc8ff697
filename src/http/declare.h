/* Words for declaring routes and schemas. Included by the .c files that hold the tables, by no header. */
#pragma once

#include "http/route.h"

/* The fields of a schema, closed with {0}. */
#define FIELDS(...)                                                                                          \
    .fields = (const struct field[])                                                                         \
    {                                                                                                        \
        __VA_ARGS__,                                                                                         \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }

#define REQUIRED .required = true

/* What a field is, and what a route does, for a person. */
#define DOC(chinese, english) .zh = chinese, .en = english
#define SUMMARY(english, chinese) .summary = english, .summary_zh = chinese

/* Members that most replies have. */
#define ID_FIELD                                                                                             \
    {                                                                                                        \
        "id", FIELD_ID, REQUIRED, DOC("编号", "number")                                                      \
    }
#define ENTRY_FIELD                                                                                          \
    {                                                                                                        \
        "entry", FIELD_INTEGER, DOC("审计记录编号", "number of the audit entry")                             \
    }
