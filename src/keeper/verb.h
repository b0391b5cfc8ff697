/* What the serving process may ask of the keeper over the calls' socket. */
#pragma once

/* X(symbol, name, long: it waits for a worker or for gigabytes, descriptors that come along) */
#define KEEPER_VERBS(X)                                                                                      \
    X(STATUS, "status", 0, 0)                                                                                \
    X(LOG_STATE, "log state", 0, 0)                                                                          \
    X(LOG_RESUME, "log resume", 0, 1)                                                                        \
    X(LOG_EXTEND, "log extend", 0, 1)                                                                        \
    X(FIGURES, "figures", 0, 0)                                                                              \
    X(SIGN, "sign", 0, 0)                                                                                    \
    X(GRANT_OPEN, "grant open", 0, 0)                                                                        \
    X(ORDER_SIGN, "order sign", 0, 0)                                                                        \
    X(SLICE_RECEIVE, "slice receive", 1, 1)                                                                  \
    X(IMPORT, "import", 1, 1)                                                                                \
    X(DESCRIBE, "describe", 1, 1)                                                                            \
    X(QUERY_CHECK, "query check", 1, 0)                                                                      \
    X(QUERY_RUN, "query run", 1, 0)                                                                          \
    X(QUERY_PROGRESS, "query progress", 0, 0)                                                                \
    X(CANCEL, "cancel", 0, 0)                                                                                \
    X(RESULT_OPEN, "result open", 1, 0)                                                                      \
    X(PRODUCT_TABLE, "product table", 1, 0)                                                                  \
    X(PRODUCT_INDEX, "product index", 1, 0)                                                                  \
    X(PRODUCT_DIGEST, "product digest", 0, 0)                                                                \
    X(PRODUCT_READ, "product read", 0, 0)                                                                    \
    X(DOCUMENT_PUT, "document put", 0, 1)                                                                    \
    X(DOCUMENT_GET, "document get", 0, 0)                                                                    \
    X(KEY_DESTROY, "key destroy", 0, 0)                                                                      \
    X(KEY_CERTIFICATE, "key certificate", 0, 0)                                                              \
    X(SWEEP_DESTROYED, "sweep destroyed", 1, 0)                                                              \
    X(MASTER_ROTATE, "master rotate", 0, 0)

enum keeper_verb {
#define X(symbol, name, long_one, descriptors) VERB_##symbol,
    KEEPER_VERBS(X)
#undef X
        VERB_COUNT
};
