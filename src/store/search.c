#include "store/search.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_BYTES = 64,    /* a longer word is known by its beginning */
    MATCH_PHRASES = 16, /* what a person types; further words are left out */
};

enum kind { KIND_NONE, KIND_WORD, KIND_HAN };

struct range {
    uint32_t first;
    uint32_t last;
};

/* Written without spaces: Han with its extensions and compatibility forms, 々 and 〇, kana, hangul. */
static const struct range han_ranges[] = {
    {0x2e80, 0x2fdf}, {0x3005, 0x3007}, {0x3021, 0x3029}, {0x3041, 0x3096}, {0x309d, 0x309f},
    {0x30a1, 0x30fa}, {0x30fc, 0x30ff}, {0x3105, 0x312f}, {0x31f0, 0x31ff}, {0x3400, 0x4dbf},
    {0x4e00, 0x9fff}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xff66, 0xff9f}, {0x20000, 0x3ffff},
};

/* Neither letters nor digits, beyond ASCII. */
static const struct range mark_ranges[] = {
    {0x0080, 0x00a9},   {0x00ab, 0x00b4},    {0x00b6, 0x00b9}, {0x00bb, 0x00bf}, {0x00d7, 0x00d7},
    {0x00f7, 0x00f7},   {0x02c2, 0x02df},    {0x2000, 0x2071}, {0x20a0, 0x2bff}, {0x2e00, 0x2e7f},
    {0x3000, 0x33ff},   {0xd800, 0xf8ff},    {0xfe00, 0xfe6f}, {0xfeff, 0xfeff}, {0xff00, 0xffff},
    {0x1f000, 0x1ffff}, {0xe0000, 0x10ffff},
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}
#define IN(ranges, c) in_ranges((ranges), sizeof(ranges) / sizeof((ranges)[0]), (c))

static enum kind kind_of(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ? KIND_WORD : KIND_NONE;
    if (IN(han_ranges, c))
        return KIND_HAN;
    return IN(mark_ranges, c) ? KIND_NONE : KIND_WORD;
}

/* Full width becomes half width, capitals small: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic. */
static uint32_t fold(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e)
        c -= 0xfee0;
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
        (c >= 0x410 && c <= 0x42f))
        return c + 32;
    if (c >= 0x400 && c <= 0x40f)
        return c + 80;
    if ((c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
        return c | 1;
    if (((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) && (c & 1) == 1)
        return c + 1;
    return c;
}

static size_t put_utf8(char *at, uint32_t c)
{
    if (c < 0x80) {
        at[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        at[i] = (char)(0x80 | (c & 0x3f));
    at[0] = (char)(leads[size] | c);
    return size;
}

/* A character of the text: where it stands, what it is. */
struct character {
    const char *at;
    size_t size;
    uint32_t folded;
    enum kind kind; /* KIND_NONE at the end too */
};

/* Bytes that are not UTF-8 part words like a space. */
static struct character character_at(const char *at, const char *end)
{
    struct character character = {.at = at};
    if (at >= end)
        return character;
    uint8_t lead = (uint8_t)*at;
    size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    character.size = 1;
    if (size == 0 || size > (size_t)(end - at))
        return character;
    uint32_t c = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (((uint8_t)at[i] & 0xc0) != 0x80)
            return character;
        c = c << 6 | ((uint8_t)at[i] & 0x3f);
    }
    character.size = size;
    character.folded = fold(c);
    character.kind = kind_of(character.folded);
    return character;
}

static struct character character_after(const struct character *character, const char *end)
{
    return character_at(character->at + character->size, end);
}

/* ---- the tokenizer ---- */

typedef int emit_token(void *context, int flags, const char *token, int size, int start, int end);

struct tokens {
    const char *text;
    const char *end;
    bool of_query;
    emit_token *emit;
    void *context;
};

static int emit_word(const struct tokens *tokens, struct character *character)
{
    char word[WORD_BYTES + 4];
    size_t size = 0;
    const char *start = character->at;
    for (; character->kind == KIND_WORD; *character = character_after(character, tokens->end))
        if (size < WORD_BYTES)
            size += put_utf8(word + size, character->folded);
    return tokens->emit(tokens->context, 0, word, (int)size, (int)(start - tokens->text),
                        (int)(character->at - tokens->text));
}

/* In a text each character is a token, and with the next one another token at the same place. In a query only
 * the pairs are asked for, or the character when it stands alone. */
static int emit_han(const struct tokens *tokens, struct character *character)
{
    int code = SQLITE_OK;
    bool first = true;
    while (code == SQLITE_OK && character->kind == KIND_HAN) {
        char pair[8];
        size_t one = put_utf8(pair, character->folded);
        int start = (int)(character->at - tokens->text);
        struct character next = character_after(character, tokens->end);
        bool paired = next.kind == KIND_HAN;
        if (!tokens->of_query || (first && !paired))
            code = tokens->emit(tokens->context, 0, pair, (int)one, start, (int)(next.at - tokens->text));
        if (code == SQLITE_OK && paired) {
            size_t two = one + put_utf8(pair + one, next.folded);
            int flags = tokens->of_query ? 0 : FTS5_TOKEN_COLOCATED;
            code = tokens->emit(tokens->context, flags, pair, (int)two, start,
                                (int)(next.at + next.size - tokens->text));
        }
        *character = next;
        first = false;
    }
    return code;
}

static int tokenize(Fts5Tokenizer *tokenizer, void *context, int flags, const char *text, int size,
                    emit_token *emit)
{
    (void)tokenizer;
    struct tokens tokens = {text, text + size, (flags & FTS5_TOKENIZE_QUERY) != 0, emit, context};
    struct character character = character_at(text, tokens.end);
    int code = SQLITE_OK;
    while (code == SQLITE_OK && character.at < tokens.end) {
        if (character.kind == KIND_WORD)
            code = emit_word(&tokens, &character);
        else if (character.kind == KIND_HAN)
            code = emit_han(&tokens, &character);
        else
            character = character_after(&character, tokens.end);
    }
    return code;
}

/* The tokenizer has no state; FTS5 wants a pointer that is not NULL. */
static int create(void *context, const char **arguments, int count, Fts5Tokenizer **ret_tokenizer)
{
    (void)arguments;
    if (count > 0)
        return SQLITE_ERROR;
    *ret_tokenizer = context;
    return SQLITE_OK;
}

static void delete (Fts5Tokenizer *tokenizer)
{
    (void)tokenizer;
}

int search_register(sqlite3 *connection)
{
    static fts5_tokenizer methods = {create, delete, tokenize};
    fts5_api *api = NULL;
    sqlite3_stmt *stmt;
    int code = sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &stmt, NULL);
    if (code != SQLITE_OK)
        return code;
    (void)sqlite3_bind_pointer(stmt, 1, &api, "fts5_api_ptr", NULL);
    (void)sqlite3_step(stmt);
    code = sqlite3_finalize(stmt);
    if (code != SQLITE_OK || api == NULL)
        return code != SQLITE_OK ? code : SQLITE_ERROR;
    return api->xCreateTokenizer(api, "dukou", &methods, &methods, NULL);
}

/* ---- what a person typed ---- */

char *search_match(struct arena *arena, const char *typed)
{
    const char *end = typed + strlen(typed);
    size_t room = 5 * (size_t)(end - typed) + 1; /* a one-letter word becomes "x" and a space */
    char *match = arena_alloc(arena, room < 64 ? 64 : room);
    char *at = match;
    struct character character = character_at(typed, end);
    for (int phrases = 0; character.at < end && phrases < MATCH_PHRASES;) {
        enum kind kind = character.kind;
        if (kind == KIND_NONE) {
            character = character_after(&character, end);
            continue;
        }
        if (phrases++ > 0)
            *at++ = ' ';
        *at++ = '"';
        for (; character.kind == kind; character = character_after(&character, end))
            at += put_utf8(at, character.folded);
        *at++ = '"';
    }
    return match;
}

/* ---- for PostgreSQL ---- */

/* A list in PostgreSQL's way of writing; nothing in a token needs to be escaped. */
struct list {
    char *text;
    size_t size;
    size_t room;
};

static void list_add(struct list *list, const char *before, const char *item, size_t size, const char *behind)
{
    size_t more = strlen(before) + size + strlen(behind) + 4;
    if (list->text == NULL || list->size + more > list->room) {
        list->room = 2 * (list->room + more);
        list->text = realloc(list->text, list->room);
        if (list->text == NULL)
            abort();
    }
    char *at = list->text + list->size;
    *at++ = list->size == 0 ? '{' : ',';
    *at++ = '"';
    at = stpcpy(at, before);
    memcpy(at, item, size);
    at = stpcpy(at + size, behind);
    *at++ = '"';
    list->size = (size_t)(at - list->text);
}

static char *list_end(struct list *list, struct arena *arena)
{
    char *text = arena_alloc(arena, list->size + 3);
    if (list->size == 0)
        text[list->size++] = '{';
    else
        memcpy(text, list->text, list->size);
    text[list->size] = '}';
    free(list->text);
    return text;
}

static int add_token(void *context, int flags, const char *token, int size, int start, int end)
{
    (void)flags;
    (void)start;
    (void)end;
    list_add(context, "", token, (size_t)size, "");
    return SQLITE_OK;
}

char *search_tokens(struct arena *arena, const char *text, size_t size)
{
    struct list list = {0};
    (void)tokenize(NULL, &list, 0, text, (int)size, add_token);
    return list_end(&list, arena);
}

/* The next run of characters of one kind, folded, a word cut to its beginning; KIND_NONE at the end. */
static enum kind next_run(struct character *character, const char *end, char *run, size_t *ret_size)
{
    while (character->kind == KIND_NONE && character->at < end)
        *character = character_after(character, end);
    enum kind kind = character->kind;
    size_t size = 0;
    for (; character->kind == kind && character->at < end; *character = character_after(character, end))
        if (kind == KIND_HAN || size < WORD_BYTES)
            size += put_utf8(run + size, character->folded);
    *ret_size = size;
    return kind;
}

char *search_folded(struct arena *arena, const char *text, size_t size)
{
    const char *end = text + size;
    char *folded = arena_alloc(arena, 4 * size + 3);
    char *at = folded;
    struct character character = character_at(text, end);
    *at++ = ' ';
    for (size_t run; next_run(&character, end, at, &run) != KIND_NONE;) {
        at += run;
        *at++ = ' ';
    }
    *at = '\0';
    return folded;
}

char *search_patterns(struct arena *arena, const char *match)
{
    const char *end = match + strlen(match);
    char *run = arena_alloc(arena, 4 * strlen(match) + 1);
    struct list list = {0};
    struct character character = character_at(match, end);
    size_t size;
    for (enum kind kind; (kind = next_run(&character, end, run, &size)) != KIND_NONE;)
        list_add(&list, kind == KIND_HAN ? "%" : "% ", run, size, kind == KIND_HAN ? "%" : " %");
    return list_end(&list, arena);
}
