/* What the keeper's log authority signs, and the attacks of a serving process that it does not sign. */
#include "audit/merkle.h"
#include "base/clock.h"
#include "keeper/authority.h"
#include "support/attack.h"
#include "support/audit_log.h"

#include <sys/stat.h>

enum { ENTRIES = 700 };

struct desk {
    char home[128];
    struct log_keys keys;
    uint8_t key[AUTHORITY_KEY_SIZE];
    struct authority authority;
    struct arena *arena;
    struct refusal refusal;
    /* A log, of which any part can be shown. */
    char *entries[ENTRIES];
    size_t sizes[ENTRIES];
    struct digest leaves[ENTRIES];
};

static void set_entry(struct desk *desk, int number, const struct audit_entry *entry)
{
    struct entry_writer writer;
    desk->entries[number] = arena_alloc(desk->arena, entry_bound(entry, 0));
    entry_begin(&writer, desk->entries[number], entry, number, AUDIT_NO_ENTRY);
    desk->sizes[number] = entry_end(&writer);
    desk->leaves[number] = merkle_leaf(desk->entries[number], desk->sizes[number]);
}

static void open_authority(struct desk *desk)
{
    desk->authority = (struct authority){0};
    assert_ok(authority_open(&desk->authority, desk->home, LOG_ORIGIN, desk->keys.keys, desk->key));
}

static void desk_open(struct desk *desk)
{
    char path[160];
    *desk = (struct desk){.arena = arena_new(0)};
    (void)snprintf(desk->home, sizeof desk->home, "%s", test_folder());
    (void)snprintf(path, sizeof path, "%s/keys", desk->home);
    assert_int_equal(mkdir(path, 0700), 0);
    log_keys_make(&desk->keys, LOG_ORIGIN);
    for (int i = 0; i < ENTRIES; i++)
        set_entry(desk, i,
                  &(struct audit_entry){
                      .at = i * INSTANT_SECOND, .event = "note", .object = "thing", .object_id = i});
    open_authority(desk);
}

static void desk_close(struct desk *desk)
{
    arena_free(desk->arena);
}
#define CLEANUP_DESK __attribute__((cleanup(desk_close)))

static enum result node_of(void *state, unsigned height, uint64_t index, struct digest *ret_digest)
{
    const struct desk *desk = state;
    *ret_digest = merkle_root(&desk->leaves[index << height], (size_t)1 << height);
    return RESULT_OK;
}

static struct digest root_of(struct desk *desk, int64_t size)
{
    struct digest root = merkle_empty();
    const struct merkle_source source = {node_of, desk};
    if (size > 0)
        assert_ok(merkle_range(&source, 0, (uint64_t)size, &root));
    return root;
}

static struct checkpoint checkpoint_of(struct desk *desk, int64_t size)
{
    return (struct checkpoint){.origin = LOG_ORIGIN, .size = size, .root = root_of(desk, size)};
}

static const char *note_with(struct desk *desk, struct log_keys *keys, int64_t size)
{
    const struct checkpoint checkpoint = checkpoint_of(desk, size);
    const char *text = checkpoint_print(desk->arena, &checkpoint);
    const char *lines = NULL;
    assert_ok(log_sign(keys, text, desk->arena, &lines));
    return arena_printf(desk->arena, "%s\n%s", text, lines);
}

/* The edges of the tree of `size` entries, as the sealer gives them. */
static size_t edges_of(struct desk *desk, int64_t size, struct digest *ret_hashes)
{
    size_t count = 0;
    for (int level = 0; level < TILE_LEVELS; level++)
        for (unsigned i = 0; i < tile_partial_width(size, level); i++)
            assert_ok(node_of(desk, (unsigned)(8 * level),
                              (uint64_t)tile_full_count(size, level) * TILE_WIDTH + i, &ret_hashes[count++]));
    return count * sizeof *ret_hashes;
}

static enum result resume_with(struct desk *desk, const char *note, int64_t size, const struct digest *proof,
                               size_t proof_count, bool *ret_taken)
{
    struct digest hashes[2 * TILE_WIDTH];
    desk->refusal = (struct refusal){0};
    size_t bytes = edges_of(desk, size, hashes);
    return authority_resume(&desk->authority, desk->arena, note, hashes, bytes, proof, proof_count, ret_taken,
                            &desk->refusal);
}

static enum result resume(struct desk *desk, int64_t size)
{
    bool taken;
    const char *note = size > 0 ? note_with(desk, &desk->keys, size) : NULL;
    return resume_with(desk, note, size, NULL, 0, &taken);
}

static enum result extend(struct desk *desk, int64_t from, int64_t to)
{
    size_t room = 0;
    for (int64_t i = from; i < to; i++)
        room += 2 + desk->sizes[i];
    uint8_t *bytes = arena_alloc(desk->arena, room + 1);
    uint8_t *at = bytes;
    for (int64_t i = from; i < to; i++) {
        *at++ = (uint8_t)(desk->sizes[i] >> 8);
        *at++ = (uint8_t)desk->sizes[i];
        memcpy(at, desk->entries[i], desk->sizes[i]);
        at += desk->sizes[i];
    }
    desk->refusal = (struct refusal){0};
    return authority_extend(&desk->authority, desk->arena, from, bytes, room, NULL, &desk->refusal);
}

static enum result mark(struct desk *desk, int64_t size)
{
    const struct checkpoint checkpoint = checkpoint_of(desk, size);
    desk->refusal = (struct refusal){0};
    return authority_mark(&desk->authority, desk->arena, &checkpoint, &desk->refusal);
}

/* A log of `size` entries that was shown and signed. */
static void signed_to(struct desk *desk, int64_t size)
{
    int64_t from = desk->authority.shown ? desk->authority.size : 0;
    if (!desk->authority.shown)
        assert_ok(resume(desk, 0));
    assert_ok(extend(desk, from, size));
    assert_ok(mark(desk, size));
}

/* The rest of the entries says something else from now on. */
static void fork_from(struct desk *desk, int number)
{
    for (int i = number; i < ENTRIES; i++)
        set_entry(desk, i,
                  &(struct audit_entry){
                      .at = i * INSTANT_SECOND, .event = "forged", .object = "thing", .object_id = i});
}

static void stopped(const char *name, const char *tried, const char *seen)
{
    attack_stopped(&(struct attack){
        .chapter = "keeper", .name = name, .tried = tried, .stopped = "keeper: log authority", .seen = seen});
}

TEST(a_log_that_grows_is_signed_step_by_step)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    static const int sizes[] = {1, 2, 255, 256, 257, 600, 700};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        signed_to(&desk, sizes[i]);
    assert_ok(mark(&desk, 700)); /* the same again is the same signature */
}

TEST(a_checkpoint_of_entries_that_were_not_shown_is_not_signed)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    assert_int_equal(mark(&desk, 3), RESULT_CONFLICT); /* nothing was shown at all */
    signed_to(&desk, 10);
    assert_int_equal(mark(&desk, 12), RESULT_CONFLICT);
    stopped("log_skip_ahead", "asks for a signature on a checkpoint beyond the entries it has shown",
            "RESULT_CONFLICT");
    assert_int_equal(extend(&desk, 12, 14), RESULT_CONFLICT);
    stopped("log_gap", "shows entries that leave out two numbers", "RESULT_CONFLICT");
    assert_int_equal(mark(&desk, 10), RESULT_CONFLICT); /* and is to show the log anew */
    assert_ok(resume(&desk, 10));
    assert_ok(mark(&desk, 10));
}

TEST(another_root_of_a_signed_size_is_not_signed)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    signed_to(&desk, 10);
    fork_from(&desk, 9);
    assert_int_equal(mark(&desk, 10), RESULT_CONFLICT);
    stopped("log_other_root", "asks for a second root of a size that was signed", "RESULT_CONFLICT");
    assert_int_equal(mark(&desk, 9), RESULT_CONFLICT);
    stopped("log_shrink", "asks for a checkpoint with fewer entries than the last", "RESULT_CONFLICT");
}

TEST(a_sealer_that_fell_goes_on_where_it_had_come_to_and_only_with_the_same_entries)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    signed_to(&desk, 300);
    signed_to(&desk, 500); /* signed, but the checkpoint never reached the disk */
    assert_ok(resume(&desk, 300));
    assert_ok(extend(&desk, 300, 400));
    assert_int_equal(mark(&desk, 400), RESULT_CONFLICT);
    assert_non_null(strstr(desk.refusal.en, "has signed 500"));
    stopped("log_rewind", "goes back to the checkpoint before the last and asks for one in between",
            "RESULT_CONFLICT");
    assert_ok(extend(&desk, 400, 600));
    assert_ok(mark(&desk, 600));
    assert_ok(resume(&desk, 300)); /* and once more */
    assert_ok(extend(&desk, 300, 650));
    assert_ok(mark(&desk, 650));
    fork_from(&desk, 640);
    assert_ok(resume(&desk, 300));
    assert_int_equal(extend(&desk, 300, 660), RESULT_CORRUPT);
    stopped("log_fork_after_crash",
            "plays a sealer that fell, and shows other entries from the checkpoint before the last on",
            "RESULT_CORRUPT");
    assert_int_equal(mark(&desk, 660), RESULT_CONFLICT);
}

TEST(an_older_copy_of_the_log_is_refused_with_the_numbers)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    signed_to(&desk, 100);
    signed_to(&desk, 200);
    signed_to(&desk, 300);
    assert_int_equal(resume(&desk, 100), RESULT_CONFLICT);
    assert_non_null(strstr(desk.refusal.en, "ends at 100 entries, the keeper has signed 300"));
    assert_int_equal(resume(&desk, 0), RESULT_CONFLICT);
    stopped("log_restore_older", "brings back an older copy of the log with its own valid signature",
            "RESULT_CONFLICT");
    open_authority(&desk); /* the same after a restart: the marks are on disk */
    assert_int_equal(resume(&desk, 100), RESULT_CONFLICT);
    assert_int_equal(resume(&desk, 0), RESULT_CONFLICT);
    assert_ok(resume(&desk, 300));
    assert_ok(extend(&desk, 300, 400));
    assert_ok(mark(&desk, 400));
}

TEST(after_a_restart_the_checkpoint_before_the_last_serves_too)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    signed_to(&desk, 100);
    signed_to(&desk, 200);
    open_authority(&desk);
    assert_ok(resume(&desk, 100));
    assert_ok(extend(&desk, 100, 250));
    assert_ok(mark(&desk, 250));
}

TEST(a_forked_log_of_the_same_size_or_a_larger_one_is_not_gone_on_with)
{
    CLEANUP_DESK struct desk desk;
    bool taken;
    desk_open(&desk);
    signed_to(&desk, 300);
    fork_from(&desk, 250);
    /* Even under the right keys: an accomplice's copy, say. */
    assert_int_equal(resume(&desk, 300), RESULT_CORRUPT);
    struct digest proof[2 * MERKLE_PROOF_MAX];
    size_t count = 0;
    const struct merkle_source source = {node_of, &desk};
    assert_ok(merkle_prove_consistency(&source, 300, 400, proof, &count));
    assert_int_equal(resume_with(&desk, note_with(&desk, &desk.keys, 400), 400, proof, count, &taken),
                     RESULT_CORRUPT);
    stopped("log_fork_signed_elsewhere", "shows a larger log that does not go on from the last checkpoint",
            "RESULT_CORRUPT");
}

TEST(a_log_that_is_ahead_is_taken_when_it_is_signed_and_goes_on)
{
    CLEANUP_DESK struct desk desk;
    bool taken = false;
    desk_open(&desk);
    signed_to(&desk, 300);
    struct digest proof[2 * MERKLE_PROOF_MAX];
    size_t count = 0;
    const struct merkle_source source = {node_of, &desk};
    assert_ok(merkle_prove_consistency(&source, 300, 400, proof, &count));
    const char *note = note_with(&desk, &desk.keys, 400);
    assert_int_equal(resume_with(&desk, note, 400, NULL, 0, &taken), RESULT_CORRUPT);
    struct log_keys strangers;
    log_keys_make(&strangers, LOG_ORIGIN);
    assert_int_equal(resume_with(&desk, note_with(&desk, &strangers, 400), 400, proof, count, &taken),
                     RESULT_CORRUPT);
    assert_non_null(strstr(desk.refusal.en, "not signed by this keeper"));
    stopped("log_other_keys", "shows a log whose checkpoint other keys of the same name have signed",
            "RESULT_CORRUPT");
    assert_ok(resume_with(&desk, note, 400, proof, count, &taken));
    assert_true(taken);
    open_authority(&desk);
    assert_int_equal(resume(&desk, 300), RESULT_CONFLICT);
}

TEST(a_home_without_marks_takes_its_log_s_checkpoint_once)
{
    CLEANUP_DESK struct desk desk;
    bool taken = false;
    desk_open(&desk);
    assert_ok(resume_with(&desk, note_with(&desk, &desk.keys, 300), 300, NULL, 0, &taken));
    assert_true(taken);
    assert_ok(extend(&desk, 300, 310));
    assert_ok(mark(&desk, 310));
    assert_ok(resume_with(&desk, note_with(&desk, &desk.keys, 310), 310, NULL, 0, &taken));
    assert_false(taken);
    assert_int_equal(resume(&desk, 200), RESULT_CONFLICT);
}

TEST(edges_that_do_not_give_the_checkpoint_s_root_are_refused)
{
    CLEANUP_DESK struct desk desk;
    bool taken;
    struct digest hashes[2 * TILE_WIDTH];
    desk_open(&desk);
    signed_to(&desk, 300);
    const char *note = note_with(&desk, &desk.keys, 300);
    size_t bytes = edges_of(&desk, 300, hashes);
    hashes[3].bytes[0] ^= 1;
    assert_int_equal(
        authority_resume(&desk.authority, desk.arena, note, hashes, bytes, NULL, 0, &taken, NULL),
        RESULT_CORRUPT);
    hashes[3].bytes[0] ^= 1;
    assert_int_equal(
        authority_resume(&desk.authority, desk.arena, note, hashes, bytes - 1, NULL, 0, &taken, NULL),
        RESULT_MALFORMED);
    assert_int_equal(
        authority_resume(&desk.authority, desk.arena, note, hashes, bytes + 32, NULL, 0, &taken, NULL),
        RESULT_MALFORMED);
    stopped("log_false_edge", "shows a right checkpoint with hashes of other tiles", "RESULT_CORRUPT");
    assert_int_equal(extend(&desk, 300, 301), RESULT_CONFLICT);
}

TEST(entries_are_read_strictly_before_they_are_signed)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    assert_ok(resume(&desk, 0));
    char *right = desk.entries[1];
    desk.entries[1] = desk.entries[2]; /* another number */
    assert_int_equal(extend(&desk, 0, 2), RESULT_INVALID);
    assert_non_null(strstr(desk.refusal.en, "entry 1 bears another number"));
    stopped("log_number", "shows an entry that bears another number", "RESULT_INVALID");

    desk.entries[1] = arena_printf(desk.arena, "%s ", right);
    desk.sizes[1]++;
    assert_ok(resume(&desk, 0));
    assert_int_equal(extend(&desk, 0, 2), RESULT_INVALID);
    stopped("log_spelling", "shows an entry in another spelling than the one that entries have",
            "RESULT_INVALID");
    desk.sizes[1] = 0;
    assert_ok(resume(&desk, 0));
    assert_int_equal(extend(&desk, 0, 2), RESULT_MALFORMED);
    assert_ok(resume(&desk, 0));
    assert_int_equal(authority_extend(&desk.authority, desk.arena, 0,
                                      (const uint8_t *)"\xff\xff"
                                                       "abc",
                                      5, NULL, NULL),
                     RESULT_MALFORMED);
}

TEST(time_may_run_back_a_little_and_not_a_day)
{
    CLEANUP_DESK struct desk desk;
    desk_open(&desk);
    static const instant times[] = {10 * INSTANT_DAY, 9 * INSTANT_DAY + INSTANT_HOUR, 10 * INSTANT_DAY,
                                    9 * INSTANT_DAY - INSTANT_SECOND};
    for (int i = 0; i < 4; i++)
        set_entry(&desk, i, &(struct audit_entry){.at = times[i], .event = "note", .object = "thing"});
    signed_to(&desk, 3);
    assert_int_equal(extend(&desk, 3, 4), RESULT_INVALID);
    assert_non_null(strstr(desk.refusal.en, "dated more than a day before"));
    stopped("log_backdated", "shows an entry that is dated two days before the newest", "RESULT_INVALID");
    open_authority(&desk); /* the way out where a clock was really wrong */
    assert_ok(resume(&desk, 3));
    assert_ok(extend(&desk, 3, 4));
}

TEST(marks_that_the_keeper_did_not_write_are_not_believed)
{
    CLEANUP_DESK struct desk desk;
    char path[160];
    char bytes[4096];
    desk_open(&desk);
    signed_to(&desk, 100);
    (void)snprintf(path, sizeof path, "%s/keys/log.signed", desk.home);
    FILE *file = fopen(path, "r+e");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    char *hundred = memmem(bytes, size, "\"size\":100", 10);
    assert_non_null(hundred);
    hundred[7] = '0';
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    struct authority authority = {0};
    assert_int_equal(authority_open(&authority, desk.home, LOG_ORIGIN, desk.keys.keys, desk.key),
                     RESULT_CORRUPT);
    stopped("log_marks_edited", "edits the keeper's record of what it signed", "RESULT_CORRUPT");
}
