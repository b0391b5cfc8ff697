/* How rows travel from a worker to the keeper:
 *
 *     uint32 columns, per column {uint32 enum engine_type, text name},
 *     blocks {uint32 rows > 0, per column {rows × uint8 null, values}}, uint32 0
 *
 * Values are rows × 8 bytes, or for texts rows × uint32 size and then the bytes. A null's value is there and
 * means nothing. */
#pragma once

#include "engine/engine.h"
#include "engine/wire.h"

/* Reads an answer out of *in, trusting nothing. RESULT_CORRUPT when it does not read, RESULT_TOO_LARGE when
 * the arena has no room for it or it passes `rows_max`. */
enum result answer_decode(struct arena *arena, struct wire_in *in, size_t rows_max,
                          struct engine_answer *ret_answer);

/* .texts rather than 8-byte values */
bool answer_type_is_text(enum engine_type type);
