/* Runs a kept corpus through a fuzz target: PROGRAM PACK. A pack is what tools/corpus.py makes: for each
 * input its size, 4 bytes little-endian, and its bytes. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t *read_open(FILE *file, size_t *ret_size)
{
    if (fseek(file, 0, SEEK_END) != 0)
        return NULL;
    long size = ftell(file);
    rewind(file);
    uint8_t *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (bytes != NULL && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        free(bytes);
        return NULL;
    }
    *ret_size = (size_t)size;
    return bytes;
}

static uint8_t *read_all(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rbe");
    uint8_t *bytes = file != NULL ? read_open(file, ret_size) : NULL;
    if (file != NULL)
        (void)fclose(file);
    return bytes;
}

int main(int argc, char **argv)
{
    size_t size, count = 0;
    uint8_t *pack = argc == 2 ? read_all(argv[1], &size) : NULL;
    if (pack == NULL) {
        (void)fprintf(stderr, "%s PACK\n", argv[0]);
        return 2;
    }
    for (size_t at = 0; at < size; count++) {
        assert(size - at >= 4);
        size_t one = (size_t)pack[at] | (size_t)pack[at + 1] << 8 | (size_t)pack[at + 2] << 16 |
                     (size_t)pack[at + 3] << 24;
        assert(one <= size - at - 4);
        /* A copy of its own, so that a reader that goes past the end is caught. */
        uint8_t *copy = malloc(one > 0 ? one : 1);
        assert(copy != NULL);
        for (size_t i = 0; i < one; i++)
            copy[i] = pack[at + 4 + i];
        (void)LLVMFuzzerTestOneInput(copy, one);
        free(copy);
        at += 4 + one;
    }
    free(pack);
    (void)printf("1..1\n%s 1 - %zu kept inputs\n", count > 0 ? "ok" : "not ok", count);
    return count > 0 ? 0 : 1;
}
