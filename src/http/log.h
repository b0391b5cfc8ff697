/* What a serving process says on standard error: one line of JSON an event, of the fields below and no other.
 * None of them holds anything that a caller sent or that is personal: no path as it came, no query, address,
 * account, name or body. A route stands there as its pattern, "/products/{id}/review". */
#pragma once

#include "http/app.h"
#include "http/route.h"

struct log_line {
    enum log_level level;
    const char *event;    /* "request", "seal", "ready", …: a word of the program's own */
    const char *method;   /* of a request; NULL: none */
    const char *route;    /* its pattern; "-" when no route was found; NULL: no request */
    int status;           /* 0: none */
    int64_t microseconds; /* that it took, printed as milliseconds; 0: not measured */
    const char *request;  /* the id that the reply carries as X-Request-Id */
    const row_id *entry;  /* of the audit log that it wrote; NULL: none */
    const char *result;   /* of what failed inside, as result_name() has it */
};
#define LOG_LINE(...) (&(struct log_line){__VA_ARGS__})

/* Whether lines of this level are written at all, so that nobody prepares one in vain. */
bool log_wants(const struct app *app, enum log_level level);
void log_write(const struct app *app, const struct log_line *line);

/* RESULT_INVALID for another word than "error", "warning", "info", "debug". */
enum result log_level_parse(const char *word, enum log_level *ret_level);
