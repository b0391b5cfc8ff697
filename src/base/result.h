/* What can go wrong at run time, for every function of Dukou that can fail.
 * What only a programmer can get wrong is an assert(), and asserts stay on. */
#pragma once

/* X(symbol, HTTP status that tells it to a caller) */
#define RESULT_LIST(X)                                                                                       \
    X(OK, 200)                                                                                               \
    X(INVALID, 422)   /* the input breaks a rule that the caller can mend */                                 \
    X(MALFORMED, 400) /* the input cannot even be read */                                                    \
    X(UNAUTHENTICATED, 401)                                                                                  \
    X(FORBIDDEN, 403) /* this caller may not, whatever the input */                                          \
    X(NOT_FOUND, 404)                                                                                        \
    X(CONFLICT, 409)  /* the state of the object does not allow it now */                                    \
    X(STALE, 412)     /* the object has changed since the caller read it */                                  \
    X(TOO_LARGE, 413) /* over a size limit */                                                                \
    X(LIMIT, 429)     /* over a rate or a quota */                                                           \
    X(OVERFLOW, 422)  /* a number left its range */                                                          \
    X(MEMORY, 503)                                                                                           \
    X(IO, 500)          /* a file, socket or process failed */                                               \
    X(CORRUPT, 500)     /* stored bytes are not what was stored */                                           \
    X(BUSY, 503)        /* try again: a queue is full or a transaction must be retried */                    \
    X(UNAVAILABLE, 503) /* another process or party does not answer */                                       \
    X(TIMEOUT, 504)                                                                                          \
    X(CANCELLED, 409) /* stopped on purpose while it ran */

enum result {
#define X(symbol, status) RESULT_##symbol,
    RESULT_LIST(X)
#undef X
};

/* "OK", "INVALID", …; static storage. */
const char *result_name(enum result result);

/* The HTTP status that tells `result` to a caller. */
int result_http_status(enum result result);

/* Leaves the function with the result of `expression` unless that is RESULT_OK. */
#define TRY(expression)                                                                                      \
    do {                                                                                                     \
        enum result try_result_ = (expression);                                                              \
        if (try_result_ != RESULT_OK)                                                                        \
            return try_result_;                                                                              \
    } while (0)
