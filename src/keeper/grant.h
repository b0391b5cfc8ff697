/* A grant's key pair and the order whose delivery it waits for. Both hang on the key "grant/N": with it they
 * go. */
#pragma once

#include "vault/delivery.h"
#include "vault/vault.h"

#define GRANT_PUBLIC_TEXT_SIZE (2 * DELIVERY_KEY_SIZE + 1)

/* Hexadecimal. RESULT_NOT_FOUND when the grant has no key (any more). */
enum result grant_public(struct vault *vault, int64_t grant, char *ret_public);

/* To be wiped. */
enum result grant_secret(struct vault *vault, int64_t grant, uint8_t ret_secret[DELIVERY_KEY_SIZE]);

/* The latest order signed for the grant; RESULT_NOT_FOUND when there is none. */
enum result grant_order_remember(struct vault *vault, int64_t grant, const struct digest *order);
enum result grant_order(struct vault *vault, int64_t grant, struct digest *ret_order);
