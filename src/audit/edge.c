#include "audit/edge.h"

#include "audit/merkle.h"

struct digest edge_root(const struct edge *edges)
{
    /* Complete subtrees from left to right, largest first. */
    struct digest peaks[TILE_LEVELS * 8];
    size_t count = 0;
    for (int level = TILE_LEVELS; level-- > 0;) {
        const struct edge *edge = &edges[level];
        unsigned at = 0;
        for (unsigned power = TILE_WIDTH / 2; power > 0; power /= 2) {
            if ((edge->width & power) == 0)
                continue;
            peaks[count++] = merkle_root(&edge->hashes[at], power);
            at += power;
        }
    }
    if (count == 0)
        return merkle_empty();
    struct digest root = peaks[--count];
    while (count > 0)
        root = merkle_node(&peaks[--count], &root);
    return root;
}
