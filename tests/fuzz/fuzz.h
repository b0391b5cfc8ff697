/* Fuzz targets: each reads bytes that nobody vouches for and must neither crash, nor leak, nor hang, nor give
 * back other than it took. One file a target, named after what it reads. Built two ways:
 *
 *   -Dfuzz=true with clang   libFuzzer drives it (`make fuzz`)
 *   otherwise                replay.c runs the kept corpus through it, in every test run
 *
 * A property that does not hold is an assert: always on. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A memory file of these bytes, its position at the start; the caller closes it. */
int fuzz_file(const uint8_t *bytes, size_t size);

/* A folder in memory that lasts as long as the process. */
const char *fuzz_folder(void);

/* FOLDER/NAME with these bytes. */
void fuzz_write(const char *name, const uint8_t *bytes, size_t size);

/* The bytes as NUL-terminated text, to be freed; what follows a NUL inside is lost. */
char *fuzz_text(const uint8_t *bytes, size_t size);
