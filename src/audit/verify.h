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
struct verify_lost {
    int64_t from;
    int64_t past;
};

struct verify {
    struct arena *arena;
    struct audit_report report;
    pthread_mutex_t lock; /* for report and arena while several threads run */
    int folder;
    struct checkpoint checkpoint;
    struct last_map *map;
    bool copy;                      /* the log may be ahead of the store */
    const struct verify_lost *lost; /* entries that a restored store does not know */
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
/* Opens the store and reads which entries it has lost; before the tiles. *ret_store is NULL, with a fault in
 * the report, when its file is damaged. */
enum result verify_store_open(struct verify *verify, const char *path, struct store **ret_store);
/* Compares it with the last digests of the log. */
enum result verify_store(struct verify *verify, struct store *store);
