#include "engine/failure.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

enum { DETAIL_BYTES = 300 };

static const struct refusal failures[] = {
#define X(symbol, result_, zh_, en_, remedy_zh_, remedy_en_)                                                 \
    [FAILURE_##symbol] = {                                                                                   \
        .result = RESULT_##result_, .zh = zh_, .en = en_, .remedy_zh = remedy_zh_, .remedy_en = remedy_en_},
    FAILURES(X)
#undef X
};

/* Up to DETAIL_BYTES of plain text. */
static const char *plain(struct arena *arena, const char *text)
{
    if (text == NULL || !text_is_utf8(text, strlen(text), NULL))
        return NULL;
    size_t length = strnlen(text, DETAIL_BYTES + 1);
    if (length > DETAIL_BYTES)
        for (length = DETAIL_BYTES; length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80; length--)
            continue;
    char *copy = arena_strndup(arena, text, length);
    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
    return text_has_control(copy) ? NULL : copy;
}

/* Without a detail at its end the sentence ends before the colon. */
static size_t head_size(const char *sentence, const char *place, const char *detail)
{
    static const char *const ends[] = {": ", "：", " "};
    size_t size = (size_t)(place - sentence);
    if (detail != NULL || place[2] != '\0')
        return size;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t end = strlen(ends[i]);
        if (size >= end && memcmp(place - end, ends[i], end) == 0)
            return size - end;
    }
    return size;
}

static const char *fill(struct arena *arena, const char *sentence, const char *detail)
{
    const char *place = strstr(sentence, "%s");
    if (place == NULL)
        return sentence;
    return arena_printf(arena, "%.*s%s%s", (int)head_size(sentence, place, detail), sentence,
                        detail != NULL ? detail : "", place + 2);
}

enum result failure_refuse(enum failure failure, struct arena *arena, const char *where, const char *detail,
                           struct refusal *ret_refusal)
{
    assert(failure > FAILURE_NONE && failure < FAILURE_COUNT);
    struct refusal refusal = failures[failure];
    const char *shown = plain(arena, detail);
    refusal.field = plain(arena, where);
    refusal.zh = fill(arena, refusal.zh, shown);
    refusal.en = fill(arena, refusal.en, shown);
    return refuse(ret_refusal, refusal);
}
