/* What the parts of audit_verify() share. */
#pragma once

#include "audit/audit.h"
#include "audit/last_map.h"
#include "audit/note.h"
#include "audit/tile.h"

#include <pthread.h>

enum { VERIFY_FAULTS_SHOWN = 20 };

/* Entries from … past − 1 are not in the store any more: it was restored from an older backup. The row that
 * says so is covered itself. */
struct verify_gap {
    int64_t from;
    int64_t past;
};

/* The checkpoint's bytes; an absent one stands for the empty log. */
struct verify_head {
    char *bytes; /* NOTE_BYTES_MAX at most */
    size_t size;
    bool there;
};

struct verify {
    struct arena *arena;
    struct audit_report report;
    pthread_mutex_t lock; /* for report and arena while several threads run */
    int folder;
    struct verify_head note;
    struct checkpoint checkpoint;
    struct last_map *map;
    bool copy;                     /* the log may be ahead of the store */
    const struct verify_gap *lost; /* entries that a restored store does not know */
    size_t lost_count;
    struct digest *hashes; /* a level's hashes as they should be, by number */
};

/* Counts a fault and shows it if it is among the first. */
void verify_fault(struct verify *verify, const char *format, ...) __attribute__((format(printf, 2, 3)));
void verify_note(struct verify *verify, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads the entry of this number and takes its changes. False, with a fault, when it is not well-formed or
 * claims another number. */
bool verify_entry(struct verify *verify, int64_t number, const void *bytes, size_t size);

/* Recomputes all tiles up to the root. Failures of the machine only; faults are in the report. */
enum result verify_tiles(struct verify *verify);
/* Holds every file of the log's folder against what has been recomputed. */
enum result verify_files(struct verify *verify);
/* Takes the snapshot that all is compared with: a statement that reads, whatever it says. */
enum result verify_snapshot(struct verify *verify, struct store_tx *tx);
/* Reads which entries the store has lost; before the tiles. */
enum result verify_lost(struct verify *verify, struct store_tx *tx);
/* Compares the store with the last digests of the log. */
enum result verify_store(struct verify *verify, struct store_tx *tx);
/* Tells the tables that the log does not cover. */
void verify_uncovered(struct verify *verify);
