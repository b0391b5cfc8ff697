/* audit/tile: names of tiles, and bundles of entries as files. */
#include "audit/tile.h"

#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int log_folder(void)
{
    static int folder = -1;
    if (folder < 0) {
        folder = open(fuzz_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert(folder >= 0 && mkdirat(folder, "tile", 0700) == 0 &&
               mkdirat(folder, "tile/entries", 0700) == 0);
    }
    return folder;
}

static void try_path(const char *text)
{
    int level;
    int64_t index;
    unsigned width;
    char printed[TILE_PATH_BYTES];
    if (!tile_path_parse(text, &level, &index, &width))
        return;
    tile_path(level, index, width, printed);
    assert(strcmp(printed, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct bundle bundle = {0};
    char *text = fuzz_text(bytes, size);
    try_path(text);
    free(text);
    int folder = log_folder();
    fuzz_write("tile/entries/000", bytes, size);
    if (bundle_read(folder, 0, TILE_WIDTH, &bundle) == RESULT_OK)
        for (unsigned i = 0; i < TILE_WIDTH; i++)
            assert(bundle.entries[i] >= bundle.bytes &&
                   bundle.entries[i] + bundle.sizes[i] <= bundle.bytes + size);
    bundle_free(&bundle);
    return 0;
}
