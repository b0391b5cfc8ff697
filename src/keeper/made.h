/* A product's bytes, and what the keeper remembers of how it made them: {"room","result"}, sealed with the
 * bytes. */
#pragma once

#include "keeper/serving.h"

/* Stores them as product/PRODUCT. `result_id` −1: an index. RESULT_FORBIDDEN when the product was made in
 * another room before. *ret_digest receives the digest of the bytes. */
enum result product_store(struct serving *serving, struct call *call, int64_t product, int64_t room,
                          int64_t result_id, const void *bytes, size_t size, struct digest *ret_digest);

/* Approved bytes are for everybody who may have them; others are for the reviewer, and the log accounts for
 * the look. */
enum result product_may_be_read(struct serving *serving, struct call *call, int64_t product);

/* Whether the product was made of this result: nothing else is opened for its reviewer. */
enum result product_made_of(struct serving *serving, struct call *call, int64_t product, int64_t result_id);
