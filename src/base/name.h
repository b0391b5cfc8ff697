/* What identities are made of: names of people and organisations, log-in names, codes. Two that differ must
 * not look alike, and one that looks right must be right: so invisible characters, bidirectional marks,
 * letters of other scripts that look like Latin ones and the full-width, radical and compatibility doubles of
 * ordinary characters are refused where a name or code is given, never silently replaced (Unicode UTS 39).
 * All take well-formed UTF-8. */
#pragma once

#include <stdbool.h>

/* Chinese characters (those of GB 18030 that Unicode encodes, rare ones of surnames included), Latin letters
 * with or without accents, ASCII, the middle dot of names such as 买买提·吐尔逊, and Chinese punctuation.
 * Names of organisations are written in standard Chinese characters by law (企业名称登记管理规定). Spaces
 * stand singly and inside. */
bool name_is_sound(const char *text);

/* Lower-case ASCII letters, digits and "-._@", a letter or digit first. */
bool name_is_login(const char *text);

/* What may name a table: ASCII letters, Chinese characters, digits, underscores, no digit first. */
bool name_is_identifier(const char *text);

/* ASCII letters, digits and "-._/:", a letter or digit first. */
bool name_is_code(const char *text);
