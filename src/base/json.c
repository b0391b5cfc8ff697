#include "base/json.h"

#include "base/limits.h"
#include "base/text.h"

#include <assert.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void wipe_and_free(void *memory)
{
    if (memory != NULL)
        sodium_memzero(memory, malloc_usable_size(memory));
    free(memory);
}

void json_wipe_when_freed(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
}

struct place {
    size_t line; /* both from 1; columns are characters */
    size_t column;
};

static struct place place_of(const char *bytes, size_t at)
{
    struct place place = {1, 1};
    for (size_t i = 0; i < at; i++) {
        if (bytes[i] == '\n')
            place = (struct place){place.line + 1, 1};
        else if (((unsigned char)bytes[i] & 0xC0) != 0x80)
            place.column++;
    }
    return place;
}

/* Refuses at byte `at`, with the place before the reason. */
static enum result refuse_at(struct arena *arena, const char *bytes, size_t at, struct refusal refusal,
                             struct refusal *ret_refusal)
{
    struct place place = place_of(bytes, at);
    refusal.zh = arena_printf(arena, "第 %zu 行第 %zu 列:%s", place.line, place.column, refusal.zh);
    refusal.en = arena_printf(arena, "line %zu, column %zu: %s", place.line, place.column, refusal.en);
    return refuse(ret_refusal, refusal);
}

static enum result check_encoding(struct arena *arena, const char *bytes, size_t size,
                                  struct refusal *ret_refusal)
{
    struct refusal refusal = {.result = RESULT_MALFORMED,
                              .remedy_zh = "请以不带字节顺序标记(BOM)的 UTF-8 编码发送 JSON。",
                              .remedy_en = "Send the JSON as UTF-8 without a byte order mark."};
    size_t bad_at = 0;
    if (text_has_bom(bytes, size)) {
        refusal.zh = "第 0 字节处是字节顺序标记(BOM)。";
        refusal.en = "There is a byte order mark at byte 0.";
        return refuse(ret_refusal, refusal);
    }
    if (text_is_utf8(bytes, size, &bad_at))
        return RESULT_OK;
    bool gbk = text_looks_gbk(bytes, size);
    refusal.zh = arena_printf(arena, "第 %zu 字节(从 0 起)不是 UTF-8 编码%s。", bad_at,
                              gbk ? ",看起来是 GBK 编码" : "");
    refusal.en =
        arena_printf(arena, "Byte %zu (from 0) is not UTF-8%s.", bad_at, gbk ? "; this looks like GBK" : "");
    return refuse(ret_refusal, refusal);
}

/* The index just past the string that begins with the quote at `at`. */
static size_t skip_string(const char *bytes, size_t size, size_t at)
{
    for (at++; at < size && bytes[at] != '"'; at++)
        if (bytes[at] == '\\')
            at++;
    return at + 1;
}

/* One pass without recursion, so that deep nesting costs no more than reading it. */
static enum result check_depth(struct arena *arena, const char *bytes, size_t size, unsigned int limit,
                               struct refusal *ret_refusal)
{
    unsigned int depth = 0;
    for (size_t at = 0; at < size;) {
        char c = bytes[at];
        if (c == '"') {
            at = skip_string(bytes, size, at);
            continue;
        }
        if ((c == '[' || c == '{') && ++depth > limit)
            return refuse_at(arena, bytes, at,
                             (struct refusal){.result = RESULT_MALFORMED,
                                              .zh = arena_printf(arena, "嵌套超过 %u 层。", limit),
                                              .en = arena_printf(arena, "nested more than %u deep.", limit),
                                              .remedy_zh = "请减少嵌套层数。",
                                              .remedy_en = "Nest less deeply."},
                             ret_refusal);
        if ((c == ']' || c == '}') && depth > 0)
            depth--;
        at++;
    }
    return RESULT_OK;
}

/* The text between the quotes of the key whose closing quote is the last one at or before `at`; as it was
 * written, and cut short where it is long. */
static const char *key_before(struct arena *arena, const char *bytes, size_t at)
{
    enum { SHOWN = 60 };
    while (at > 0 && bytes[at] != '"')
        at--;
    size_t end = at;
    size_t start = end;
    bool escaped = true;
    while (start > 0 && escaped) {
        for (start--; start > 0 && bytes[start] != '"'; start--)
            ;
        size_t slashes = 0;
        while (slashes < start && bytes[start - 1 - slashes] == '\\')
            slashes++;
        escaped = slashes % 2 == 1;
    }
    size_t length = end > start ? end - start - 1 : 0;
    if (length <= SHOWN)
        return arena_strndup(arena, bytes + start + 1, length);
    length = SHOWN;
    while (length > 0 && ((unsigned char)bytes[start + 1 + length] & 0xC0) == 0x80)
        length--;
    return arena_printf(arena, "%.*s…", (int)length, bytes + start + 1);
}

static enum result refuse_duplicate(struct arena *arena, const char *bytes, size_t at,
                                    struct refusal *ret_refusal)
{
    const char *key = key_before(arena, bytes, at);
    return refuse_at(arena, bytes, at,
                     (struct refusal){.result = RESULT_MALFORMED,
                                      .field = key,
                                      .zh = arena_printf(arena, "键“%s”重复。", key),
                                      .en = arena_printf(arena, "the key \"%s\" is there twice.", key),
                                      .remedy_zh = "同一对象中每个键只能出现一次。",
                                      .remedy_en = "Give each key of an object once."},
                     ret_refusal);
}

static enum result refuse_syntax(struct arena *arena, const char *bytes, size_t size,
                                 const json_error_t *error, struct refusal *ret_refusal)
{
    size_t at = error->position > 0 ? (size_t)error->position - 1 : 0;
    if (at >= size)
        at = size > 0 ? size - 1 : 0;
    struct refusal refusal = {.result = RESULT_MALFORMED,
                              .zh = "不是合法的 JSON。",
                              .en = "this is not valid JSON.",
                              .remedy_zh = "请按 RFC 8259 更正此处。",
                              .remedy_en = "Mend this place to follow RFC 8259."};
    enum json_error_code code = json_error_code(error);
    if (code == json_error_duplicate_key)
        return refuse_duplicate(arena, bytes, at, ret_refusal);
    if (code == json_error_premature_end_of_input) {
        refusal.zh = "JSON 在此处中断，没有结束。";
        refusal.en = "the JSON stops here before its end.";
        at = size;
    } else if (code == json_error_end_of_input_expected) {
        refusal.zh = "JSON 结束之后还有内容；只接受一个值。";
        refusal.en = "there is more after the end of the JSON; one value is accepted.";
    } else if (code == json_error_numeric_overflow) {
        refusal.zh = "数值超出范围。";
        refusal.en = "the number is out of range.";
        refusal.remedy_zh = "整数须在 64 位以内，小数须为有限值。";
        refusal.remedy_en = "Integers must fit 64 bits, reals must be finite.";
    } else if (code == json_error_null_character || code == json_error_null_byte_in_key) {
        refusal.zh = "文本中不得有 NUL 字符(\\u0000)。";
        refusal.en = "text may not hold the NUL character (\\u0000).";
    }
    return refuse_at(arena, bytes, at, refusal, ret_refusal);
}

enum result json_read_to_depth(struct arena *arena, const char *bytes, size_t size, unsigned int depth,
                               json_t **ret_json, struct refusal *ret_refusal)
{
    assert(depth <= JSON_DEPTH_MAX);
    if (size > LIMIT_JSON_BYTES)
        return refuse(ret_refusal, (struct refusal){.result = RESULT_TOO_LARGE,
                                                    .zh = "JSON 超过大小上限。",
                                                    .en = "The JSON is over the size limit.",
                                                    .remedy_zh = "请分批发送。",
                                                    .remedy_en = "Send it in parts."});
    TRY(check_encoding(arena, bytes, size, ret_refusal));
    TRY(check_depth(arena, bytes, size, depth, ret_refusal));
    json_error_t error;
    json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL)
        return refuse_syntax(arena, bytes, size, &error, ret_refusal);
    *ret_json = json;
    return RESULT_OK;
}

enum result json_read(struct arena *arena, const char *bytes, size_t size, json_t **ret_json,
                      struct refusal *ret_refusal)
{
    return json_read_to_depth(arena, bytes, size, LIMIT_JSON_DEPTH, ret_json, ret_refusal);
}

static char *dump(struct arena *arena, const json_t *json, size_t flags)
{
    char *text = json_dumps(json, flags | JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL)
        abort(); /* no memory, or a value made by hand that JSON cannot hold */
    char *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

char *json_print(struct arena *arena, const json_t *json)
{
    return dump(arena, json, 0);
}

char *json_print_canonical(struct arena *arena, const json_t *json)
{
    return dump(arena, json, JSON_SORT_KEYS);
}

const char *json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t json_integer_or(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *member = json_object_get(object, key);
    return json_is_integer(member) ? json_integer_value(member) : fallback;
}

bool json_boolean_or(const json_t *object, const char *key, bool fallback)
{
    const json_t *member = json_object_get(object, key);
    return json_is_boolean(member) ? json_is_true(member) : fallback;
}

static void drop_reference(void *json)
{
    json_decref(json);
}

json_t *json_keep(struct arena *arena, json_t *json)
{
    arena_defer(arena, drop_reference, json);
    return json;
}
