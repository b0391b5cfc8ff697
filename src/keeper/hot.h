/* The hot requests and replies, a few microseconds each: fixed binary, many to a write. */
#pragma once

#include "base/digest.h"

#include <stdint.h>

enum hot_verb { HOT_PRODUCT_CALL = 1, HOT_SUBJECT_TOKEN };

enum {
    HOT_SUBJECT_BYTES = 256,
    HOT_BUFFER_BYTES = 256 * 1024, /* of requests that wait to be written */
};

/* Followed by `size` bytes of the subject. */
struct hot_request {
    uint64_t id;
    uint32_t verb;
    uint32_t size;
    int64_t product;
};

struct hot_reply {
    uint64_t id;
    uint32_t result;
    uint32_t known;
    int64_t value;
    struct digest token;
};
