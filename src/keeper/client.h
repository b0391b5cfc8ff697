/* The serving process's end of the two sockets: calls of many threads share them; one reader thread each
 * completes those that wait. Once the keeper is gone every call, waiting or new, gives RESULT_UNAVAILABLE. */
#pragma once

#include "base/json.h"
#include "base/refusal.h"
#include "keeper/channel.h"
#include "keeper/hot.h"
#include "keeper/verb.h"

struct keeper_client;

/* Takes over both sockets. */
enum result keeper_client_new(int calls, int hot, struct keeper_client **ret_client);
/* Ends the sockets, then waits for the readers. */
void keeper_client_free(struct keeper_client *client);

/* Whether either socket has ended. */
bool keeper_client_gone(struct keeper_client *client);

/* Asks and waits. `arguments` is a new reference, taken over. *ret_reply (may be NULL) a new reference;
 * *ret_fd (may be NULL) the descriptor that came along or −1. The refusal's text is in the arena (NULL: not
 * wanted). */
enum result keeper_client_call(struct keeper_client *client, struct arena *arena, enum keeper_verb verb,
                               json_t *arguments, int fd, json_t **ret_reply, int *ret_fd,
                               struct refusal *ret_refusal);

/* RESULT_BUSY when too many wait already, RESULT_INVALID for a subject longer than HOT_SUBJECT_BYTES. */
enum result keeper_client_hot(struct keeper_client *client, enum hot_verb verb, int64_t product,
                              const char *subject, struct hot_reply *ret_reply);
