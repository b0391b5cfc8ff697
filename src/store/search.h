/* Full-text search that finds Chinese words of one, two and more characters: an FTS5 tokenizer, and what
 * turns the words a person typed into a MATCH expression.
 *
 * How. In a run of Chinese, 数据局, every character is a token (数 据 局), and each but the last also begins
 * a pair at the same place (数据 据局). One character is looked up as itself, two as a pair, three and more
 * as a phrase of pairs; each is a walk along one posting list or a join of few, and stops when the page is
 * full. Looking up one character as a prefix of pairs instead has to merge the lists of thousands of pairs
 * first: measured over 1 M entries of 100 bytes 100 to 220 ms, against 0.1 to 0.3 ms with the characters as
 * tokens, for an index of 1.8 times the text. Of anything else, whole words are tokens, small letters, full
 * width as half width; a word is known by its first 64 bytes.
 *
 * A table that wants search has a shadow and keeps it by triggers, in its migration:
 *
 *     CREATE VIRTUAL TABLE entry_search USING fts5(text, tokenize = 'dukou', content = '');
 *     CREATE TRIGGER entry_search_add AFTER INSERT ON entry BEGIN
 *         INSERT INTO entry_search (rowid, text) VALUES (new.id, new.title || ' ' || coalesce(new.abstract,
 * '')); END; CREATE TRIGGER entry_search_drop AFTER DELETE ON entry BEGIN INSERT INTO entry_search
 * (entry_search, rowid, text) VALUES ('delete', old.id, old.title || ' ' || coalesce(old.abstract, '')); END;
 *     CREATE TRIGGER entry_search_change AFTER UPDATE OF title, abstract ON entry BEGIN
 *         INSERT INTO entry_search (entry_search, rowid, text)
 *             VALUES ('delete', old.id, old.title || ' ' || coalesce(old.abstract, ''));
 *         INSERT INTO entry_search (rowid, text) VALUES (new.id, new.title || ' ' || coalesce(new.abstract,
 * '')); END;
 *
 * and its name in store_uncovered[]. The text given to 'delete' must be what was put in. A page and a capped
 * count:
 *
 *     SELECT e.* FROM entry_search JOIN entry e ON e.id = entry_search.rowid
 *         WHERE entry_search MATCH :match AND entry_search.rowid < :before
 *         ORDER BY entry_search.rowid DESC LIMIT :limit;
 *     SELECT count(*) FROM (SELECT 1 FROM entry_search WHERE entry_search MATCH :match LIMIT :cap);
 *
 * ORDER BY rowid is what lets the walk stop early; another order reads all hits first. Measured over 1 M
 * entries, page and count each: one word 0.1 to 0.5 ms, several words that seldom meet up to 17 ms.
 */
#pragma once

#include "base/arena.h"

#include <sqlite3.h>

/* Registers the tokenizer "dukou" on a connection; a code of SQLite. The store does so on each of its own. */
int search_register(sqlite3 *connection);

/* A MATCH expression for `typed`: all its words must occur, at most 16 of them, Chinese runs as phrases,
 * other words whole. "" when nothing searchable was typed: then do not search, FTS5 refuses an empty
 * expression. Safe for any bytes. */
char *search_match(struct arena *arena, const char *typed);

/* What PostgreSQL keeps and asks in place of FTS5's index; a statement's text for PostgreSQL names them by
 * the form of its parameter. A row is found when its tokens hold all tokens of the match (`tokens @>
 * :match:tokens`, by a GIN index) and its folded text is LIKE ALL patterns of the match (`:match:patterns`),
 * which sees to it that Chinese characters stand together.
 *
 * :text:tokens, :match:tokens: a list of the tokens of a text, or of what search_match() made. */
char *search_tokens(struct arena *arena, const char *text, size_t size);
/* :text:folded: the runs that tokens are made of, small letters and half width, a space before and behind
 * each. */
char *search_folded(struct arena *arena, const char *text, size_t size);
/* :match:patterns: for LIKE, one a phrase. */
char *search_patterns(struct arena *arena, const char *match);
