/* The right edge of a log: the hashes of its partial tiles, from which the root follows. */
#pragma once

#include "audit/tile.h"

/* The last tile of a level, up to 255 hashes; level n holds roots of full tiles of level n - 1. */
struct edge {
    struct digest hashes[TILE_WIDTH];
    unsigned width;
};

/* The root of the tree whose edges at TILE_LEVELS levels these are. */
struct digest edge_root(const struct edge *edges);
