#include "audit/merkle.h"

#include <assert.h>
#include <string.h>

struct digest merkle_leaf(const void *entry, size_t size)
{
    struct digest_stream stream;
    digest_begin(&stream);
    digest_add(&stream, "\0", 1);
    digest_add(&stream, entry, size);
    return digest_end(&stream);
}

struct digest merkle_node(const struct digest *left, const struct digest *right)
{
    uint8_t bytes[1 + 2 * DIGEST_SIZE];
    bytes[0] = 1;
    memcpy(bytes + 1, left->bytes, DIGEST_SIZE);
    memcpy(bytes + 1 + DIGEST_SIZE, right->bytes, DIGEST_SIZE);
    return digest_sha256(bytes, sizeof bytes);
}

struct digest merkle_empty(void)
{
    return digest_sha256("", 0);
}

/* The largest power of two below `size` (size > 1). */
static uint64_t split(uint64_t size)
{
    return (uint64_t)1 << (63 - __builtin_clzll(size - 1));
}

struct digest merkle_root(const struct digest *hashes, size_t count)
{
    if (count == 0)
        return merkle_empty();
    if (count == 1)
        return hashes[0];
    size_t left_count = (size_t)split(count);
    struct digest left = merkle_root(hashes, left_count);
    struct digest right = merkle_root(hashes + left_count, count - left_count);
    return merkle_node(&left, &right);
}

enum result merkle_range(const struct merkle_source *source, uint64_t start, uint64_t end,
                         struct digest *ret_digest)
{
    assert(start < end);
    uint64_t size = end - start;
    if ((size & (size - 1)) == 0) {
        unsigned height = (unsigned)__builtin_ctzll(size);
        assert(start % size == 0);
        return source->node(source->state, height, start >> height, ret_digest);
    }
    struct digest left;
    struct digest right;
    TRY(merkle_range(source, start, start + split(size), &left));
    TRY(merkle_range(source, start + split(size), end, &right));
    *ret_digest = merkle_node(&left, &right);
    return RESULT_OK;
}

/* Siblings from the leaf up: found from the top down, so they are filled in from the end. */
enum result merkle_prove_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
                                   struct digest *ret_path, size_t *ret_count)
{
    assert(index < size);
    struct digest path[MERKLE_PROOF_MAX];
    size_t count = 0;
    for (uint64_t start = 0, end = size; end - start > 1; count++) {
        assert(count < MERKLE_PROOF_MAX);
        uint64_t middle = start + split(end - start);
        if (index < middle) {
            TRY(merkle_range(source, middle, end, &path[count]));
            end = middle;
        } else {
            TRY(merkle_range(source, start, middle, &path[count]));
            start = middle;
        }
    }
    for (size_t i = 0; i < count; i++)
        ret_path[i] = path[count - 1 - i];
    *ret_count = count;
    return RESULT_OK;
}

enum result merkle_prove_consistency(const struct merkle_source *source, uint64_t from, uint64_t size,
                                     struct digest *ret_path, size_t *ret_count)
{
    assert(from > 0 && from <= size);
    struct digest path[2 * MERKLE_PROOF_MAX];
    size_t count = 0;
    uint64_t start = 0;
    uint64_t end = size;
    /* RFC 9162, 2.1.4.1: go down to the subtree that ends where the old tree does. */
    while (end != from) {
        assert(count < MERKLE_PROOF_MAX);
        uint64_t middle = start + split(end - start);
        if (from <= middle) {
            TRY(merkle_range(source, middle, end, &path[count++]));
            end = middle;
        } else {
            TRY(merkle_range(source, start, middle, &path[count++]));
            start = middle;
        }
    }
    /* The checker knows the old root itself, but no smaller part of the old tree. */
    if (start > 0)
        TRY(merkle_range(source, start, end, &path[count++]));
    for (size_t i = 0; i < count; i++)
        ret_path[i] = path[count - 1 - i];
    *ret_count = count;
    return RESULT_OK;
}

enum result merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                                   const struct digest *path, size_t count, const struct digest *root)
{
    if (index >= size)
        return RESULT_CORRUPT;
    struct digest hash = *leaf;
    uint64_t place = index;
    uint64_t last = size - 1;
    for (size_t i = 0; i < count; i++) {
        if (last == 0)
            return RESULT_CORRUPT;
        if ((place & 1) != 0 || place == last) {
            hash = merkle_node(&path[i], &hash);
            for (; (place & 1) == 0 && place != 0; place >>= 1)
                last >>= 1;
        } else {
            hash = merkle_node(&hash, &path[i]);
        }
        place >>= 1;
        last >>= 1;
    }
    return last == 0 && digest_equal(&hash, root) ? RESULT_OK : RESULT_CORRUPT;
}

static bool is_valid_subtree(uint64_t start, uint64_t end)
{
    if (start > end)
        return false;
    uint64_t size = end - start;
    if (size <= 1 || start == 0)
        return true;
    if (size > (uint64_t)1 << 63)
        return false;
    return start % (2 * split(size)) == 0;
}

enum result merkle_check_subtree_inclusion(const struct digest *leaf, uint64_t index, uint64_t start,
                                           uint64_t end, const struct digest *path, size_t count,
                                           const struct digest *root)
{
    if (!is_valid_subtree(start, end) || index < start || index >= end)
        return RESULT_CORRUPT;
    return merkle_check_inclusion(leaf, index - start, end - start, path, count, root);
}

/* Where the walk of a consistency check stands: the subtree's first and last entry, and the tree's last, at
 * the height reached. */
struct climb {
    uint64_t first;
    uint64_t last;
    uint64_t tree_last;
};

static void climb_up(struct climb *climb)
{
    climb->first >>= 1;
    climb->last >>= 1;
    climb->tree_last >>= 1;
}

static enum result check_climb(struct climb climb, const struct digest *node, const struct digest *root,
                               const struct digest *path, size_t count)
{
    /* The largest part of the subtree that is also a part of the tree, on the subtree's right edge. */
    while (climb.first != climb.last && ((climb.last & 1) != 0 || climb.last == climb.tree_last))
        climb_up(&climb);
    struct digest node_hash = *node;
    struct digest root_hash = *node;
    size_t used = 0;
    if (climb.first != climb.last) {
        if (count == 0)
            return RESULT_CORRUPT;
        node_hash = root_hash = path[used++];
    }
    for (; used < count; used++) {
        if (climb.tree_last == 0)
            return RESULT_CORRUPT;
        if ((climb.last & 1) != 0 || climb.last == climb.tree_last) {
            if (climb.first < climb.last)
                node_hash = merkle_node(&path[used], &node_hash);
            root_hash = merkle_node(&path[used], &root_hash);
            while ((climb.last & 1) == 0 && climb.last != 0)
                climb_up(&climb);
        } else {
            root_hash = merkle_node(&root_hash, &path[used]);
        }
        climb_up(&climb);
    }
    bool holds = climb.tree_last == 0 && digest_equal(&node_hash, node) && digest_equal(&root_hash, root);
    return holds ? RESULT_OK : RESULT_CORRUPT;
}

enum result merkle_check_subtree_consistency(uint64_t start, uint64_t end, const struct digest *node,
                                             uint64_t size, const struct digest *root,
                                             const struct digest *path, size_t count)
{
    if (!is_valid_subtree(start, end) || end > size)
        return RESULT_CORRUPT;
    if (start == end) {
        /* Nothing is part of every tree, whatever its root. */
        struct digest empty = merkle_empty();
        return count == 0 && digest_equal(node, &empty) ? RESULT_OK : RESULT_CORRUPT;
    }
    return check_climb((struct climb){start, end - 1, size - 1}, node, root, path, count);
}

enum result merkle_check_consistency(uint64_t from, const struct digest *from_root, uint64_t size,
                                     const struct digest *root, const struct digest *path, size_t count)
{
    if (from == size) {
        struct digest empty = merkle_empty();
        bool holds = count == 0 && digest_equal(from_root, root) && (size > 0 || digest_equal(root, &empty));
        return holds ? RESULT_OK : RESULT_CORRUPT;
    }
    /* Consistency of an empty tree with a larger one says nothing: whoever asks for it has made a mistake. */
    if (from == 0)
        return RESULT_CORRUPT;
    return merkle_check_subtree_consistency(0, from, from_root, size, root, path, count);
}
