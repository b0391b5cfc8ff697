/* Keeps keys and decrypted bytes off persistent disk: no active swap unless it is said to be encrypted, no
 * core dumps, no reading of this process by others. */
#pragma once

#include "base/refusal.h"

/* Refuses with RESULT_FORBIDDEN when `swaps` (NULL: /proc/swaps) lists an active swap, unless the environment
 * has DUKOU_SWAP_ENCRYPTED=yes. */
enum result vault_protect_swap(const char *swaps, struct refusal *ret_refusal);

/* This process and those that it starts from now on: no core file. */
enum result vault_protect_core(void);

/* This process: not dumpable, no core file. */
enum result vault_protect_process(void);
