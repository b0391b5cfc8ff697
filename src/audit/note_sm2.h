/* SM2 signatures with SM3 (GB/T 32918), fixed-length, by OpenSSL. */
#pragma once

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum result note_sm2_generate(uint8_t *ret_secret, uint8_t *ret_public);
enum result note_sm2_sign(const uint8_t *secret, const uint8_t *public_key, const void *bytes, size_t size,
                          uint8_t *ret_signature);
bool note_sm2_verify(const uint8_t *public_key, const void *bytes, size_t size, const uint8_t *signature);
