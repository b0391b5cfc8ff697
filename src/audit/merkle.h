/* Merkle trees as RFC 6962 section 2.1 defines them (SHA-256), proofs as RFC 9162 sections 2.1.3 and 2.1.4
 * check them, and proofs of subtrees [start, end) as draft-ietf-plants-merkle-tree-certs has them. No file is
 * read here.
 *
 * A subtree is valid when start ≤ end and start is a multiple of the least power of two that is not less than
 * end − start. A whole tree of n entries is the subtree [0, n). The empty subtree has the digest of no bytes.
 */
#pragma once

#include "base/digest.h"

#define MERKLE_PROOF_MAX 64 /* hashes in one direction of a tree that 64 bits can count */

struct digest merkle_leaf(const void *entry, size_t size);
struct digest merkle_node(const struct digest *left, const struct digest *right);
struct digest merkle_empty(void);

/* The root over `count` hashes of subtrees of equal size, as leaves. */
struct digest merkle_root(const struct digest *hashes, size_t count);

/* Whoever builds a proof gives the hashes of subtrees through this: the digest of the complete subtree of
 * entries [index × 2^height, (index + 1) × 2^height). */
struct merkle_source {
    enum result (*node)(void *state, unsigned height, uint64_t index, struct digest *ret_digest);
    void *state;
};

/* The digest of entries [start, end): any range whose start is a multiple of the power of two not less than
 * its length. */
enum result merkle_range(const struct merkle_source *source, uint64_t start, uint64_t end,
                         struct digest *ret_digest);

/* A path of at most MERKLE_PROOF_MAX digests, in the order of RFC 9162. */
enum result merkle_prove_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
                                   struct digest *ret_path, size_t *ret_count);
/* At most 2 × MERKLE_PROOF_MAX digests; 0 < from ≤ size. */
enum result merkle_prove_consistency(const struct merkle_source *source, uint64_t from, uint64_t size,
                                     struct digest *ret_path, size_t *ret_count);

/* RESULT_CORRUPT when the proof does not hold. */
enum result merkle_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                                   const struct digest *path, size_t count, const struct digest *root);
enum result merkle_check_consistency(uint64_t from, const struct digest *from_root, uint64_t size,
                                     const struct digest *root, const struct digest *path, size_t count);

/* The same for subtrees. */
enum result merkle_check_subtree_inclusion(const struct digest *leaf, uint64_t index, uint64_t start,
                                           uint64_t end, const struct digest *path, size_t count,
                                           const struct digest *root);
enum result merkle_check_subtree_consistency(uint64_t start, uint64_t end, const struct digest *node,
                                             uint64_t size, const struct digest *root,
                                             const struct digest *path, size_t count);
