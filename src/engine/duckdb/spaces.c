#include "engine/duckdb/spaces.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Bytes of the Unicode space at `at`, those that DuckDB knows; 0 for none. */
static size_t space_bytes(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    if (byte[0] == 0xC2)
        return byte[1] == 0xA0 ? 2 : 0;
    bool general =
        byte[0] == 0xE2 && ((byte[1] == 0x80 && ((byte[2] >= 0x80 && byte[2] <= 0x8B) || byte[2] == 0xAF)) ||
                            (byte[1] == 0x81 && (byte[2] == 0x9F || byte[2] == 0xA0)));
    bool ideographic = byte[0] == 0xE3 && byte[1] == 0x80 && byte[2] == 0x80;
    bool mark = byte[0] == 0xEF && byte[1] == 0xBB && byte[2] == 0xBF;
    return general || ideographic || mark ? 3 : 0;
}

/* The end of what begins with a quotation mark; the text's end where it is not closed. */
static char *behind_quotes(char *at)
{
    const char *close = strchr(at + 1, *at);
    return close == NULL ? at + strlen(at) : at + (close - at) + 1;
}

/* The end of $tag$…$tag$, or the next byte where a dollar begins none. */
static char *behind_dollars(char *at)
{
    size_t size = 1;
    while (isalnum((unsigned char)at[size]) || at[size] == '_' || (unsigned char)at[size] >= 0x80)
        size++;
    if (at[size] != '$' || isdigit((unsigned char)at[1]))
        return at + 1;
    size++;
    for (char *end = strchr(at + size, '$'); end != NULL; end = strchr(end + 1, '$'))
        if (strncmp(end, at, size) == 0)
            return end + size;
    return at + strlen(at);
}

void spaces_widen(char *sql)
{
    for (char *at = sql; *at != '\0';) {
        size_t size = space_bytes(at);
        if (size > 0) {
            memset(at, ' ', size);
            at += size;
        } else if (*at == '"' || *at == '\'') {
            at = behind_quotes(at);
        } else if (*at == '$') {
            at = behind_dollars(at);
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\r\n");
        } else {
            at++;
        }
    }
}
