#include "audit/merkle.h"
#include "base/arena.h"
#include "base/result.h"
#include "support/test.h"

#include <fts.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the published vectors ---- */

/* Numbers up to 2^64 − 1, which jansson's integers do not hold. */
static uint64_t number_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    assert_non_null(at);
    at += strlen(key);
    return strtoull(at + strspn(at, "\": "), NULL, 10);
}

struct vector {
    char *text;
    json_t *json;
    struct digest path[512];
    size_t count;
    bool fails;
    bool unreadable; /* a hash is empty: whoever reads it refuses it before any check */
};

/* The vectors have a few hashes of another length where any two equal values will do: padded they stay what
 * they are, equal or different. */
static struct digest digest_of(struct vector *vector, const json_t *text)
{
    struct digest digest = {{0}};
    uint8_t bytes[256] = {0};
    size_t size = 0;
    const char *base64 = json_string_value(text);
    assert_non_null(base64);
    if (sodium_base642bin(bytes, sizeof bytes, base64, strlen(base64), NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        size == 0 || size > DIGEST_SIZE)
        vector->unreadable = true;
    memcpy(digest.bytes, bytes, sizeof digest.bytes);
    return digest;
}

static void vector_read(struct vector *vector, const char *file)
{
    FILE *stream = fopen(file, "rb");
    assert_non_null(stream);
    vector->text = calloc(1, 65536);
    assert_non_null(vector->text);
    size_t size = fread(vector->text, 1, 65535, stream);
    (void)fclose(stream);
    assert_in_range(size, 1, 65534);
    vector->json = json_loads(vector->text, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(vector->json);
    const json_t *proof = json_object_get(vector->json, "proof");
    vector->count = json_array_size(proof);
    assert_in_range(vector->count, 0, 512);
    for (size_t i = 0; i < vector->count; i++)
        vector->path[i] = digest_of(vector, json_array_get(proof, i));
    const json_t *fails = json_object_get(vector->json, "wantErr");
    assert_true(json_is_boolean(fails));
    vector->fails = json_is_true(fails);
}

static enum result check_inclusion(struct vector *vector)
{
    struct digest leaf = digest_of(vector, json_object_get(vector->json, "leafHash"));
    struct digest root = digest_of(vector, json_object_get(vector->json, "root"));
    return merkle_check_inclusion(&leaf, number_of(vector->text, "leafIdx"),
                                  number_of(vector->text, "treeSize"), vector->path, vector->count, &root);
}

static enum result check_consistency(struct vector *vector)
{
    struct digest root1 = digest_of(vector, json_object_get(vector->json, "root1"));
    struct digest root2 = digest_of(vector, json_object_get(vector->json, "root2"));
    return merkle_check_consistency(number_of(vector->text, "size1"), &root1,
                                    number_of(vector->text, "size2"), &root2, vector->path, vector->count);
}

static enum result check_subtree_inclusion(struct vector *vector)
{
    struct digest leaf = digest_of(vector, json_object_get(vector->json, "leafHash"));
    struct digest root = digest_of(vector, json_object_get(vector->json, "root"));
    return merkle_check_subtree_inclusion(&leaf, number_of(vector->text, "leafIdx"),
                                          number_of(vector->text, "start"), number_of(vector->text, "end"),
                                          vector->path, vector->count, &root);
}

static enum result check_subtree_consistency(struct vector *vector)
{
    struct digest root1 = digest_of(vector, json_object_get(vector->json, "root1"));
    struct digest root2 = digest_of(vector, json_object_get(vector->json, "root2"));
    return merkle_check_subtree_consistency(number_of(vector->text, "start"), number_of(vector->text, "end"),
                                            &root1, number_of(vector->text, "size"), &root2, vector->path,
                                            vector->count);
}

/* Runs every case below vectors/merkle/FOLDER; the number of cases is checked, so that none goes missing. */
static void run_vectors(const char *folder, enum result (*check)(struct vector *vector), int expected)
{
    char name[128];
    (void)snprintf(name, sizeof name, "vectors/merkle/%s", folder);
    const char *shared = test_shared(name);
    if (shared == NULL) {
        print_message("skipped: ../shared/%s is not here\n", name);
        skip();
    }
    char *const roots[] = {(char *)(uintptr_t)shared, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null(walk);
    int cases = 0;
    int wrong = 0;
    for (FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk)) {
        if (entry->fts_info != FTS_F)
            continue;
        struct vector vector = {0};
        vector_read(&vector, entry->fts_path);
        enum result result = check(&vector);
        if (vector.unreadable)
            result = RESULT_CORRUPT;
        if (result != (vector.fails ? RESULT_CORRUPT : RESULT_OK)) {
            print_message("wrong: %s\n", entry->fts_path);
            wrong++;
        }
        cases++;
        json_decref(vector.json);
        free(vector.text);
    }
    (void)fts_close(walk);
    assert_int_equal(wrong, 0);
    assert_int_equal(cases, expected);
}

TEST(every_published_inclusion_case_holds)
{
    run_vectors("inclusion", check_inclusion, 98);
}

TEST(every_published_consistency_case_holds)
{
    run_vectors("consistency", check_consistency, 98);
}

TEST(every_published_subtree_inclusion_case_holds)
{
    run_vectors("subtreeinclusion", check_subtree_inclusion, 204);
}

TEST(every_published_subtree_consistency_case_holds)
{
    run_vectors("subtreeconsistency", check_subtree_consistency, 118);
}

/* ---- against the definition, for all small trees ---- */

enum { LEAVES = 70 };

struct forest {
    struct digest leaves[LEAVES];
};

static enum result forest_node(void *state, unsigned height, uint64_t index, struct digest *ret_digest)
{
    struct forest *forest = state;
    *ret_digest = merkle_root(&forest->leaves[index << height], (size_t)1 << height);
    return RESULT_OK;
}

static struct forest forest_new(void)
{
    struct forest forest;
    for (int i = 0; i < LEAVES; i++) {
        uint8_t byte = (uint8_t)i;
        forest.leaves[i] = merkle_leaf(&byte, 1);
    }
    return forest;
}

TEST(the_root_of_known_trees_is_known)
{
    /* RFC 6962's empty tree, and the tree of one empty entry: SHA-256 of a single zero byte. */
    char text[DIGEST_TEXT_SIZE];
    struct digest empty = merkle_root(NULL, 0);
    hex_print(empty.bytes, DIGEST_SIZE, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct digest leaf = merkle_leaf("", 0);
    struct digest root = merkle_root(&leaf, 1);
    hex_print(root.bytes, DIGEST_SIZE, text);
    assert_string_equal(text, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST(every_inclusion_proof_of_a_small_tree_holds_and_no_other)
{
    struct forest forest = forest_new();
    const struct merkle_source source = {forest_node, &forest};
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct digest root = merkle_root(forest.leaves, (size_t)size);
        for (uint64_t index = 0; index < size; index++) {
            struct digest path[MERKLE_PROOF_MAX];
            size_t count;
            assert_ok(merkle_prove_inclusion(&source, index, size, path, &count));
            assert_ok(merkle_check_inclusion(&forest.leaves[index], index, size, path, count, &root));
            assert_int_equal(
                merkle_check_inclusion(&forest.leaves[index], index ^ 1, size, path, count, &root),
                RESULT_CORRUPT);
            if (count == 0)
                continue;
            path[count / 2].bytes[31] ^= 1;
            assert_int_equal(merkle_check_inclusion(&forest.leaves[index], index, size, path, count, &root),
                             RESULT_CORRUPT);
        }
    }
}

TEST(every_consistency_proof_of_a_small_tree_holds_and_no_other)
{
    struct forest forest = forest_new();
    const struct merkle_source source = {forest_node, &forest};
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct digest root = merkle_root(forest.leaves, (size_t)size);
        for (uint64_t from = 1; from <= size; from++) {
            struct digest old = merkle_root(forest.leaves, (size_t)from);
            struct digest path[2 * MERKLE_PROOF_MAX];
            size_t count;
            assert_ok(merkle_prove_consistency(&source, from, size, path, &count));
            assert_ok(merkle_check_consistency(from, &old, size, &root, path, count));
            old.bytes[0] ^= 1;
            assert_int_equal(merkle_check_consistency(from, &old, size, &root, path, count), RESULT_CORRUPT);
        }
    }
}
