/* A sealed log, open for reading. Nothing is checked here but the form: see verify.h and prove.c. */
#pragma once

#include "audit/note.h"

struct sealed_log {
    int folder;
    struct checkpoint checkpoint;
    char *note; /* the checkpoint with its signatures */
};

enum result sealed_log_open(const char *path, struct arena *arena, struct sealed_log *log);
void sealed_log_close(struct sealed_log *log);
#define CLEANUP_LOG __attribute__((cleanup(sealed_log_close)))

/* The bytes of an entry, ended by NUL; RESULT_NOT_FOUND beyond the checkpoint. */
enum result sealed_log_entry(const struct sealed_log *log, int64_t number, struct arena *arena,
                             const char **ret_entry, size_t *ret_size);

/* A merkle_source's function, with a struct sealed_log for state: a complete subtree's digest out of the
 * tiles. Of height h it lies in a tile of level h / 8. */
enum result sealed_log_node(void *state, unsigned height, uint64_t index, struct digest *ret_digest);
