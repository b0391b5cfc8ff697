/* Signed notes (C2SP signed-note), checkpoints (C2SP tlog-checkpoint) and their keys.
 *
 * A note is text that ends in a line feed, an empty line, and signature lines "— NAME BASE64(key id ‖
 * signature)". Two kinds of keys sign here: Ed25519  type 0x01, public key of 32 bytes, signature of 64 (RFC
 * 8032); SM2      type 0xff followed by "sm2-with-sm3.gbt32918", public key of 65 bytes (0x04 ‖ x ‖ y),
 * signature of 64 (r ‖ s), user id "1234567812345678", digest SM3 (GB/T 32918, GB/T 35276). The key id is the
 * first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key), the type with its identifier. A key in text
 * ("verifier key") is NAME+ID+BASE64(type ‖ public key), the id in 8 hexadecimal digits; a key file holds one
 * a line. */
#pragma once

#include "base/arena.h"
#include "base/digest.h"

enum note_kind { NOTE_ED25519, NOTE_SM2 };

#define NOTE_NAME_BYTES 128
#define NOTE_SIGNATURE_SIZE 64
#define NOTE_SIGNATURES_MAX 32
#define NOTE_BYTES_MAX 65536
#define NOTE_KEYS_MAX 16

#define NOTE_ED25519_SECRET_SIZE 64 /* as libsodium has it: seed ‖ public key */
#define NOTE_ED25519_PUBLIC_SIZE 32
#define NOTE_SM2_SECRET_SIZE 32
#define NOTE_SM2_PUBLIC_SIZE 65

struct note_key {
    enum note_kind kind;
    uint32_t id;
    char name[NOTE_NAME_BYTES + 1];
    uint8_t public[NOTE_SM2_PUBLIC_SIZE];
    size_t public_size;
};

/* ---- keys ---- */

/* New key pairs. RESULT_MEMORY, RESULT_UNAVAILABLE when the library has no SM2. */
enum result note_generate_ed25519(uint8_t *ret_secret, uint8_t *ret_public);
enum result note_generate_sm2(uint8_t *ret_secret, uint8_t *ret_public);

/* RESULT_INVALID for a name that is empty, too long, or holds a space, a plus or a control character. */
enum result note_key_make(enum note_kind kind, const char *name, const uint8_t *public_key,
                          struct note_key *ret_key);
char *note_key_print(struct arena *arena, const struct note_key *key);
/* RESULT_MALFORMED unless note_key_print() would write exactly this. */
enum result note_key_parse(const char *text, size_t size, struct note_key *ret_key);

/* Writes the key file `keys` in a log's folder, which is made where it is missing; durable on return. */
enum result note_keys_write(const char *folder, const struct note_key *keys, size_t count);
/* At most NOTE_KEYS_MAX keys, at least one. RESULT_NOT_FOUND, RESULT_IO, RESULT_MALFORMED. */
enum result note_keys_read(const char *path, struct note_key *ret_keys, size_t *ret_count);
enum result note_keys_parse(const char *text, size_t size, struct note_key *ret_keys, size_t *ret_count);

/* ---- signing ---- */

/* A signature line with its line feed, to be appended to the note. `secret` as note_generate_…() gave it. */
enum result note_sign(struct arena *arena, const struct note_key *key, const uint8_t *secret,
                      const char *text, const char **ret_line);

/* ---- reading ---- */

struct note_signature {
    const char *name;
    size_t name_size;
    uint32_t id;
    const uint8_t *bytes;
    size_t size;
};

struct note {
    const char *text; /* NUL-terminated, its last line feed included */
    size_t text_size;
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    size_t count;
};

/* Everything lives in the arena. RESULT_MALFORMED. */
enum result note_parse(struct arena *arena, const char *bytes, size_t size, struct note *ret_note);

/* RESULT_CORRUPT unless every one of the keys has signed the note; lines of other keys are ignored. */
enum result note_verify(const struct note *note, const struct note_key *keys, size_t count);

/* ---- checkpoints ---- */

struct checkpoint {
    const char *origin;
    int64_t size;
    struct digest root;
};

/* The text to sign. */
char *checkpoint_print(struct arena *arena, const struct checkpoint *checkpoint);
/* RESULT_MALFORMED unless checkpoint_print() would write exactly this: no extension lines. */
enum result checkpoint_parse(struct arena *arena, const char *text, struct checkpoint *ret_checkpoint);

/* Base64 of RFC 4648 section 4; the parser takes only what the printer writes. */
char *note_base64_print(struct arena *arena, const void *bytes, size_t size);
enum result note_base64_parse(const char *text, size_t text_size, void *ret_bytes, size_t limit,
                              size_t *ret_size);
