/* The audit log: an entry is written in the transaction it records; a sealer puts entries, in their order,
 * into a C2SP tlog-tiles log whose checkpoints are signed (Ed25519, and SM2 on a line of its own).
 *
 * Rules
 * 1. No change of a covered row without its entry, no entry without the change it names (store.h, rule 4).
 * 2. An entry holds who (account id), for which party, what, on which object, the clause and its locator, the
 *    rule and workflow version, when, and for each changed row a salted digest before and after. It holds no
 *    personal data; the salt stays in the store, so that a digest cannot be guessed from the log.
 * 3. Entries are canonical JSON, keys in a fixed order, at most LIMIT_ENTRY_BYTES.
 * 4. A position in the log, once given, never changes; tiles are written before the checkpoint that covers
 * them, and fsynced in that order.
 */
#pragma once

#include "audit/merkle.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/refusal.h"
#include "store/store.h"

struct audit_entry {
    instant at;
    row_id account;     /* 0: the platform itself */
    row_id party;       /* for which party; 0: none */
    const char *event;  /* "approve" */
    const char *object; /* "product" */
    row_id object_id;
    enum law law;
    const char *workflow;          /* "product@1", or NULL */
    const char *rule;              /* "admission@3", or NULL: the rule version that decided */
    const char *to;                /* the state it leads to, or NULL */
    const struct digest *evidence; /* a document, product or batch that it binds, or NULL */
};

/* The number that the next audit_append() of this unit will give: for a row that names its own entry. */
enum result audit_next(struct store_tx *tx, struct arena *arena, row_id *ret_entry);

/* Writes the entry with all changes of covered rows made by this unit so far, and takes them.
 * *ret_entry receives the entry's number, counted from 0: its position in the log. More changes than one
 * entry can hold go on in the entries right after it. */
enum result audit_append(struct store_tx *tx, struct arena *arena, struct random *random,
                         const struct audit_entry *entry, row_id *ret_entry);

/* ---- sealing ---- */

/* Where a log stands, for a signer that signs nothing but its growth. */
struct audit_standing {
    const char *note; /* the checkpoint with its signatures; NULL: a log without one */
    int64_t size;
    const void *edges; /* the hashes of its partial tiles, level by level */
    size_t edges_size;
    const struct merkle_source *tiles; /* of the tree under the checkpoint, to prove consistency from */
};

/* Signs a checkpoint's text; the keys are elsewhere (the keeper). Appends signature lines to the note as
 * C2SP signed-note demands. A signer with the other two is first shown all that it is to sign. */
struct audit_signer {
    enum result (*sign)(void *state, const char *text, struct arena *arena, const char **ret_signature_lines);
    void *state;
    /* NULL, or told where the log stands: at the opening, and after each failure. */
    enum result (*resume)(void *state, const struct audit_standing *standing);
    /* Entries from number `from` on, each after its length as a big-endian uint16. */
    enum result (*extend)(void *state, int64_t from, const void *entries, size_t size);
};

struct audit_sealer;

/* `folder` holds tile/, checkpoint and keys (public; note.h writes them); it is made where it is missing.
 * `origin` names the log, and is the name of its keys. RESULT_BUSY when another sealer has the folder,
 * RESULT_CORRUPT when folder and store do not go together: a store from an older backup would give numbers
 * twice. One thread at a time. */
enum result audit_sealer_open(struct store *store, const char *folder, const char *origin,
                              struct audit_signer signer, struct audit_sealer **ret_sealer);
void audit_sealer_close(struct audit_sealer *sealer);

/* Seals what is there and drops it from the store; *ret_size (may be NULL) receives the new size of the log.
 * After a failure nothing is lost, and the next call tries again. */
enum result audit_seal(struct audit_sealer *sealer, int64_t *ret_size);

/* ---- a store that was restored from an older backup ---- */

/* Calls `each` with every change that the sealed entries `from` … `past` − 1 name. `deleted`: the row was
 * deleted. RESULT_CORRUPT when an entry is not well-formed. */
struct audit_seen {
    int64_t entry;
    const char *table; /* valid during the call */
    row_id id;
    bool deleted;
};
typedef enum result audit_each_seen(const struct audit_seen *seen, void *argument);
enum result audit_walk(const char *log_folder, int64_t from, int64_t past, audit_each_seen *each,
                       void *argument);

/* The sealed entry's own words: "300 2026-11-23T08:00:00.000000Z approve product 7", in the arena. */
enum result audit_words(const char *log_folder, int64_t entry, struct arena *arena, const char **ret_words);

/* Lets the store's numbers go on at `next`: what it does not know of the entries before is lost to it. Their
 * salts are made up: nobody can try out the digests of lost rows. */
enum result audit_skip(struct store_tx *tx, struct arena *arena, struct random *random, int64_t next);

/* Whether the entries that wait in the store and are in the log as well are the same: RESULT_CORRUPT when
 * store and log are of two cities, or of two pasts of one. */
enum result audit_agrees(struct store_tx *tx, struct arena *arena, const char *log_folder);

/* ---- proof ---- */

struct audit_report {
    int64_t entries; /* sealed entries recomputed */
    int64_t pending; /* entries that wait in the store, checked too */
    int64_t rows;    /* covered rows compared */
    int64_t batches; /* batches of metering recomputed */
    int64_t faults;
    const char *first;     /* what the first faults are, one a line, or NULL */
    const char *uncovered; /* tables that the log does not cover, each with the reason, one a line */
    const char *notes;     /* what is no fault but worth knowing, one a line, or NULL */
};

/* Recomputes everything of a copy of the city's home (`store_path` may be NULL: the log alone): every tile,
 * every hash, the checkpoint and its signatures, every covered row against its last digest, every batch of
 * metering. `keys_path` names the key file to trust; NULL: the one in the log's folder, which proves only
 * that the log is whole, not whose it is. RESULT_CORRUPT and the report when anything does not fit;
 * RESULT_NOT_FOUND when there is no such folder or store. Uses all processors. The city may work
 * and seal meanwhile: all is held against one snapshot of the store and the checkpoint of that instant; the
 * snapshot is kept until the end. RESULT_BUSY when no such pair could be had. A copy of both must have been
 * made while nothing was sealed; for others there is the next function. */
enum result audit_verify(const char *log_folder, const char *store_path, const char *keys_path,
                         struct arena *arena, struct audit_report *ret_report);

/* The same for a copy that was made while the city worked, or restored from one and not started yet: its log
 * may hold entries that its store does not know, and what they changed is not asked for. */
enum result audit_verify_copy(const char *log_folder, const char *store_path, const char *keys_path,
                              struct arena *arena, struct audit_report *ret_report);

/* How many entries the checkpoint covers, 0 when there is none yet. Not checked. */
enum result audit_sealed(const char *log_folder, struct arena *arena, int64_t *ret_size);

/* The bytes of a sealed entry; RESULT_NOT_FOUND beyond the checkpoint. Not checked: audit_prove() is. */
enum result audit_read(const char *log_folder, int64_t entry, struct arena *arena, const char **ret_entry);

/* A self-contained proof of one entry as JSON text: entry, position, inclusion path, checkpoint, public keys.
 */
enum result audit_prove(const char *log_folder, int64_t entry, struct arena *arena, char **ret_proof);
/* `keys_path`: the key file to trust; NULL: the keys that the proof brings along. */
enum result audit_check_proof(const char *proof, const char *keys_path, struct arena *arena,
                              struct refusal *ret_refusal);

/* Whether the log goes on from a checkpoint that somebody kept: nothing up to there has been taken out or
 * rewritten, not even by whoever holds the keys. RESULT_INVALID when `earlier` is no checkpoint signed by the
 * keys (`keys_path`, NULL: those in the log's folder), RESULT_CORRUPT when the log is another. Trusts the
 * tiles: verify them too. */
enum result audit_extends(const char *log_folder, const char *earlier, const char *keys_path,
                          struct arena *arena, struct refusal *ret_refusal);
