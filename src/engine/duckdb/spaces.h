/* DuckDB's parser takes Unicode's spaces outside of quotes for spaces, and shortens each to one byte first:
 * the places that it then tells are not those of the text that somebody wrote. A full-width space is a slip
 * of every day in Chinese. */
#pragma once

/* Puts as many ASCII spaces in the place of each Unicode space outside of quotes and comments as it has
 * bytes, so that every place stays what it was. */
void spaces_widen(char *sql);
