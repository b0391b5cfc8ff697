/* Messages between the serving process and the keeper. Two sockets:
 *
 * calls  SOCK_SEQPACKET; one message is a head, a JSON object and up to CHANNEL_DESCRIPTORS descriptors. JSON
 * that is larger than CHANNEL_INLINE_BYTES travels in a memory file, the last of the descriptors. hot
 * SOCK_STREAM; small fixed binary requests and replies (hot.h), many of them in one write.
 *
 * Both ends are one program on one machine, so numbers stand in its byte order. The keeper trusts nothing in
 * a message: sizes are checked before memory is taken, JSON is read strictly. */
#pragma once

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CHANNEL_DESCRIPTORS = 2,
    CHANNEL_INLINE_BYTES = 32 * 1024,
};

struct channel_head {
    uint64_t id;        /* of the call; the reply bears the same */
    uint32_t verb;      /* enum keeper_verb */
    uint32_t result;    /* of a reply */
    uint32_t size;      /* of the JSON */
    uint32_t in_memory; /* 1 when the JSON is in the last descriptor */
};

struct channel_message {
    struct channel_head head;
    char *json; /* malloc()ed, NUL-terminated; NULL when there is none */
    int descriptors[CHANNEL_DESCRIPTORS];
    size_t descriptor_count;
};

/* Any number of threads may send. RESULT_UNAVAILABLE when the other side is gone, RESULT_TIMEOUT when it has
 * taken nothing for as long as the socket's SO_SNDTIMEO says. */
enum result channel_send(int socket, const struct channel_head *head, const char *json,
                         const int *descriptors, size_t descriptor_count);

/* One thread receives. RESULT_UNAVAILABLE at the end, RESULT_MALFORMED for a message that is no message:
 * nothing of it is kept, but head.id, if it had any (0 otherwise), is. */
enum result channel_receive(int socket, struct channel_message *ret_message);

void channel_message_free(struct channel_message *message);

/* A memory file with these bytes, or −1. */
int channel_memory(const void *bytes, size_t size);
