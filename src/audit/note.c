#include "audit/note.h"

#include "audit/note_sm2.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define DASH "\xe2\x80\x94 " /* U+2014 and a space */
static const char sm2_type[] = "\xffsm2-with-sm3.gbt32918";

char *note_base64_print(struct arena *arena, const void *bytes, size_t size)
{
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(arena, room);
    return sodium_bin2base64(text, room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
}

enum result note_base64_parse(const char *text, size_t text_size, void *ret_bytes, size_t limit,
                              size_t *ret_size)
{
    /* libsodium refuses set bits after the last byte and wrong padding, so that a text has one meaning only;
     * but it reads '+' and '/' with their highest bit set as if it were not. */
    for (size_t i = 0; i < text_size; i++)
        if ((unsigned char)text[i] >= 0x80)
            return RESULT_MALFORMED;
    const char *end = NULL;
    size_t size = 0;
    if (sodium_base642bin(ret_bytes, limit, text, text_size, NULL, &size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + text_size)
        return RESULT_MALFORMED;
    *ret_size = size;
    return RESULT_OK;
}

/* ---- keys ---- */

enum result note_generate_ed25519(uint8_t *ret_secret, uint8_t *ret_public)
{
    if (sodium_init() < 0)
        return RESULT_UNAVAILABLE;
    return crypto_sign_keypair(ret_public, ret_secret) == 0 ? RESULT_OK : RESULT_UNAVAILABLE;
}

enum result note_generate_sm2(uint8_t *ret_secret, uint8_t *ret_public)
{
    return note_sm2_generate(ret_secret, ret_public);
}

static size_t public_size(enum note_kind kind)
{
    return kind == NOTE_SM2 ? NOTE_SM2_PUBLIC_SIZE : NOTE_ED25519_PUBLIC_SIZE;
}

/* The signature type, with the identifier that follows 0xff. */
static const char *type_of(enum note_kind kind, size_t *ret_size)
{
    *ret_size = kind == NOTE_SM2 ? sizeof sm2_type - 1 : 1;
    return kind == NOTE_SM2 ? sm2_type : "\x01";
}

static bool is_name(const char *name, size_t size)
{
    if (size == 0 || size > NOTE_NAME_BYTES || !text_is_utf8(name, size, NULL))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f)
            return false;
    /* Unicode's other spaces. */
    static const char *const spaces[] = {"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8",
                                         "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (memmem(name, size, spaces[i], strlen(spaces[i])) != NULL)
            return false;
    for (size_t i = 0; i + 2 < size; i++) /* U+2000 to U+200A */
        if (memcmp(name + i, "\xe2\x80", 2) == 0 && (unsigned char)name[i + 2] <= 0x8a)
            return false;
    return true;
}

static uint32_t key_id(const struct note_key *key)
{
    struct digest_stream stream;
    size_t type_size;
    const char *type = type_of(key->kind, &type_size);
    digest_begin(&stream);
    digest_add(&stream, key->name, strlen(key->name));
    digest_add(&stream, "\n", 1);
    digest_add(&stream, type, type_size);
    digest_add(&stream, key->public, key->public_size);
    struct digest digest = digest_end(&stream);
    return (uint32_t)digest.bytes[0] << 24 | (uint32_t)digest.bytes[1] << 16 |
           (uint32_t)digest.bytes[2] << 8 | digest.bytes[3];
}

static enum result make(enum note_kind kind, const char *name, size_t name_size, const uint8_t *public_key,
                        struct note_key *ret_key)
{
    if (!is_name(name, name_size))
        return RESULT_INVALID;
    struct note_key key = {.kind = kind, .public_size = public_size(kind)};
    memcpy(key.name, name, name_size);
    memcpy(key.public, public_key, key.public_size);
    key.id = key_id(&key);
    *ret_key = key;
    return RESULT_OK;
}

enum result note_key_make(enum note_kind kind, const char *name, const uint8_t *public_key,
                          struct note_key *ret_key)
{
    return make(kind, name, strlen(name), public_key, ret_key);
}

char *note_key_print(struct arena *arena, const struct note_key *key)
{
    uint8_t bytes[sizeof sm2_type + NOTE_SM2_PUBLIC_SIZE];
    size_t type_size;
    const char *type = type_of(key->kind, &type_size);
    memcpy(bytes, type, type_size);
    memcpy(bytes + type_size, key->public, key->public_size);
    return arena_printf(arena, "%s+%08" PRIx32 "+%s", key->name, key->id,
                        note_base64_print(arena, bytes, type_size + key->public_size));
}

/* The kind of key whose type and length these bytes have. */
static bool find_kind(const uint8_t *bytes, size_t size, enum note_kind *ret_kind, size_t *ret_type_size)
{
    for (int kind = NOTE_ED25519; kind <= NOTE_SM2; kind++) {
        const char *type = type_of((enum note_kind)kind, ret_type_size);
        *ret_kind = (enum note_kind)kind;
        if (size == *ret_type_size + public_size(*ret_kind) && memcmp(bytes, type, *ret_type_size) == 0)
            return true;
    }
    return false;
}

enum result note_key_parse(const char *text, size_t size, struct note_key *ret_key)
{
    const char *first = memchr(text, '+', size);
    size_t name_size = first != NULL ? (size_t)(first - text) : 0;
    if (first == NULL || size - name_size < 10 || first[9] != '+')
        return RESULT_MALFORMED;
    char id_text[9] = {0};
    memcpy(id_text, first + 1, 8);
    uint8_t id[4];
    uint8_t bytes[256];
    size_t bytes_size;
    enum note_kind kind;
    size_t type_size;
    struct note_key key;
    if (hex_parse(id_text, id, sizeof id) != RESULT_OK ||
        note_base64_parse(first + 10, size - name_size - 10, bytes, sizeof bytes, &bytes_size) != RESULT_OK ||
        !find_kind(bytes, bytes_size, &kind, &type_size) ||
        make(kind, text, name_size, bytes + type_size, &key) != RESULT_OK)
        return RESULT_MALFORMED;
    uint32_t stated = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
    if (stated != key.id)
        return RESULT_MALFORMED;
    *ret_key = key;
    return RESULT_OK;
}

/* ---- signing ---- */

enum result note_sign(struct arena *arena, const struct note_key *key, const uint8_t *secret,
                      const char *text, const char **ret_line)
{
    uint8_t bytes[4 + NOTE_SIGNATURE_SIZE];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(key->id >> (24 - 8 * i));
    if (key->kind == NOTE_SM2)
        TRY(note_sm2_sign(secret, key->public, text, strlen(text), bytes + 4));
    else if (crypto_sign_detached(bytes + 4, NULL, (const unsigned char *)text, strlen(text), secret) != 0)
        return RESULT_UNAVAILABLE;
    *ret_line = arena_printf(arena, DASH "%s %s\n", key->name, note_base64_print(arena, bytes, sizeof bytes));
    return RESULT_OK;
}

/* ---- reading ---- */

static bool is_clean(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\n')
            return false;
    return text_is_utf8(bytes, size, NULL);
}

static enum result parse_signature(struct arena *arena, const char *line, size_t size,
                                   struct note_signature *ret_signature)
{
    const size_t dash = sizeof DASH - 1;
    if (size < dash || memcmp(line, DASH, dash) != 0)
        return RESULT_MALFORMED;
    const char *name = line + dash;
    const char *space = memchr(name, ' ', size - dash);
    if (space == NULL || !is_name(name, (size_t)(space - name)))
        return RESULT_MALFORMED;
    size_t base64_size = size - (size_t)(space + 1 - line);
    uint8_t *bytes = arena_alloc(arena, base64_size + 1);
    size_t count;
    TRY(note_base64_parse(space + 1, base64_size, bytes, base64_size, &count));
    if (count < 5)
        return RESULT_MALFORMED;
    *ret_signature = (struct note_signature){.name = name,
                                             .name_size = (size_t)(space - name),
                                             .id = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                                                   (uint32_t)bytes[2] << 8 | bytes[3],
                                             .bytes = bytes + 4,
                                             .size = count - 4};
    return RESULT_OK;
}

/* The offset just past the note's text: where its last empty line begins; 0 when there is none. */
static size_t find_text_end(const char *bytes, size_t size)
{
    for (size_t at = size; at-- > 1;)
        if (bytes[at] == '\n' && bytes[at - 1] == '\n')
            return at;
    return 0;
}

enum result note_parse(struct arena *arena, const char *bytes, size_t size, struct note *ret_note)
{
    if (size == 0 || size > NOTE_BYTES_MAX || bytes[size - 1] != '\n' || !is_clean(bytes, size))
        return RESULT_MALFORMED;
    size_t text_size = find_text_end(bytes, size);
    if (text_size == 0)
        return RESULT_MALFORMED;
    char *copy = arena_strndup(arena, bytes, size);
    struct note note = {.text = arena_strndup(arena, bytes, text_size), .text_size = text_size};
    for (const char *at = copy + text_size + 1; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (note.count == NOTE_SIGNATURES_MAX)
            return RESULT_MALFORMED;
        TRY(parse_signature(arena, at, length, &note.signatures[note.count++]));
        at += length + 1;
    }
    if (note.count == 0)
        return RESULT_MALFORMED;
    *ret_note = note;
    return RESULT_OK;
}

static bool is_signed(const struct note *note, const struct note_signature *signature,
                      const struct note_key *key)
{
    if (signature->size != NOTE_SIGNATURE_SIZE)
        return false;
    if (key->kind == NOTE_SM2)
        return note_sm2_verify(key->public, note->text, note->text_size, signature->bytes);
    return crypto_sign_verify_detached(signature->bytes, (const unsigned char *)note->text, note->text_size,
                                       key->public) == 0;
}

enum result note_verify(const struct note *note, const struct note_key *keys, size_t count)
{
    assert(count > 0);
    for (size_t k = 0; k < count; k++) {
        bool found = false;
        for (size_t s = 0; s < note->count; s++) {
            const struct note_signature *signature = &note->signatures[s];
            if (signature->id != keys[k].id || signature->name_size != strlen(keys[k].name) ||
                memcmp(signature->name, keys[k].name, signature->name_size) != 0)
                continue;
            if (!is_signed(note, signature, &keys[k]))
                return RESULT_CORRUPT;
            found = true;
        }
        if (!found)
            return RESULT_CORRUPT;
    }
    return RESULT_OK;
}

/* ---- checkpoints ---- */

char *checkpoint_print(struct arena *arena, const struct checkpoint *checkpoint)
{
    return arena_printf(arena, "%s\n%" PRId64 "\n%s\n", checkpoint->origin, checkpoint->size,
                        note_base64_print(arena, checkpoint->root.bytes, DIGEST_SIZE));
}

enum result checkpoint_parse(struct arena *arena, const char *text, struct checkpoint *ret_checkpoint)
{
    size_t origin_size = strcspn(text, "\n");
    const char *at = text + origin_size;
    if (origin_size == 0 || *at != '\n')
        return RESULT_MALFORMED;
    at++;
    int64_t size = 0;
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || digits > 18)
        return RESULT_MALFORMED;
    for (size_t i = 0; i < digits; i++)
        size = size * 10 + (at[i] - '0');
    at += digits;
    struct checkpoint checkpoint = {.origin = arena_strndup(arena, text, origin_size), .size = size};
    size_t root_size;
    if (*at++ != '\n' ||
        note_base64_parse(at, strcspn(at, "\n"), checkpoint.root.bytes, DIGEST_SIZE, &root_size) !=
            RESULT_OK ||
        root_size != DIGEST_SIZE || strcmp(checkpoint_print(arena, &checkpoint), text) != 0)
        return RESULT_MALFORMED;
    *ret_checkpoint = checkpoint;
    return RESULT_OK;
}
