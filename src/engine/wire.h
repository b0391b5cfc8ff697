/* Messages between the keeper and a worker. A frame is {uint32 kind, uint32 size} and `size` bytes, in the
 * machine's byte order, since both ends are one program. The worker is not trusted: reading past the end or
 * an impossible value sets .bad and gives zeros, so that a reader checks once, at the end. */
#pragma once

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_kind {
    FRAME_HELLO = 1, /* uint32 jail layers */
    FRAME_JOB,       /* uint32 enum job_kind and what that needs; its descriptors come along */
    FRAME_PROGRESS,  /* uint32 thousandths */
    FRAME_ANSWER,
    FRAME_FAILURE /* uint32 enum failure, text: where, text: what */
};

enum job_kind { JOB_PARSE = 1, JOB_RUN, JOB_INGEST, JOB_DESCRIBE, JOB_EXTRACT };

struct frame_header {
    uint32_t kind;
    uint32_t size;
};

enum { WIRE_DESCRIPTORS_MAX = 64 };

/* Grows as needed; a machine without memory ends the process. */
struct wire_out {
    uint8_t *bytes;
    size_t size;
    size_t room;
};

void wire_out_free(struct wire_out *out);
void wire_put(struct wire_out *out, const void *bytes, size_t size);
void wire_put_u32(struct wire_out *out, uint32_t value);
void wire_put_u64(struct wire_out *out, uint64_t value);
void wire_put_text(struct wire_out *out, const char *text); /* NULL differs from "" */
#define CLEANUP_WIRE __attribute__((cleanup(wire_out_free)))

struct wire_in {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    bool bad;
};

uint32_t wire_get_u32(struct wire_in *in);
uint64_t wire_get_u64(struct wire_in *in);
/* `size` bytes where they stand, NULL when they are not there. */
const uint8_t *wire_get(struct wire_in *in, size_t size);
/* Text where it stands; it ends with a NUL and has none inside. */
const char *wire_get_text(struct wire_in *in);
bool wire_at_end(const struct wire_in *in); /* and nothing was bad */

/* Writes all of a frame with its descriptors; no SIGPIPE. */
enum result frame_send(int fd, enum frame_kind kind, const void *bytes, size_t size, const int *descriptors,
                       size_t descriptor_count);
/* Writes with write() alone, which is all that a sealed worker may. */
enum result frame_write(int fd, enum frame_kind kind, const void *bytes, size_t size);
/* Worker's side: waits for one frame of at most `limit` bytes; *ret_bytes is malloc()ed. */
enum result frame_receive(int fd, size_t limit, struct frame_header *ret_header, uint8_t **ret_bytes,
                          int *ret_descriptors, size_t *ret_descriptor_count);
