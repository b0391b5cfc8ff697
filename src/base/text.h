/* UTF-8 text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL; `ret_bad_at` (may be NULL)
 * receives the offset of the first bad byte. */
bool text_is_utf8(const char *bytes, size_t size, size_t *ret_bad_at);

/* Begins with a byte order mark of UTF-8, UTF-16 or UTF-32. */
bool text_has_bom(const char *bytes, size_t size);

/* For a better refusal of what is not UTF-8: could all of it be GBK or GB 18030? */
bool text_looks_gbk(const char *bytes, size_t size);

/* Characters (code points) of well-formed UTF-8. */
size_t text_characters(const char *text);

/* NULL, empty, or nothing but white space, the ideographic one included, and characters that cannot be seen.
 */
bool text_is_blank(const char *text);

/* A control character other than line feed and tab, or a bidirectional override: not for stored text. */
bool text_has_control(const char *text);

/* A character that takes no room: zero-width spaces and joiners, marks of direction, the soft hyphen, a byte
 * order mark. Two names that differ in such only look the same. */
bool text_has_invisible(const char *text);

/* Reads one code point at *at (well-formed UTF-8) and moves it on; 0 at the end. */
uint32_t text_next(const char **at);

bool text_equal(const char *a, const char *b); /* NULL equals NULL only */
