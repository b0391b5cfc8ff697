/* Full-text search that finds Chinese words of one, two and more characters: an FTS5 tokenizer that gives
 * bigrams of CJK runs (and the last character alone) and lower-cased words of anything else.
 *
 * A table that wants search has a shadow `CREATE VIRTUAL TABLE NAME_search USING fts5(text,
 * tokenize='dukou', content='')` or the like; search_match() turns what a person typed into a MATCH
 * expression.
 */
#pragma once

#include "base/arena.h"

#include <sqlite3.h>

/* Registers the tokenizer "dukou" on a connection. */
int search_register(sqlite3 *connection);

/* A MATCH expression for `typed`: all its words must occur, Chinese runs as phrases, one character as a
 * prefix. "" when nothing searchable was typed. Safe for any UTF-8 input. */
char *search_match(struct arena *arena, const char *typed);
