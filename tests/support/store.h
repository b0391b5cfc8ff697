/* A fresh store for a test, on the back-end that the run is about: SQLite, or PostgreSQL when
 * DUKOU_TEST_STORE names a server's maintenance database (tools/postgres.sh). Tests do not ask which. */
#pragma once

#include "store/schema.h"

/* The address of a new store, which has the schema's tables already, or nothing at all when `schema` is NULL.
 * Static storage until the next call. */
const char *test_store_url(const struct store_schema *schema);

/* Runs SQL on a plain connection beside the store, as somebody with full access to it would: foreign keys are
 * not checked and no trigger runs. What must be put aside meanwhile goes to tables of the schema `s`, which
 * is no part of the store ("CREATE TABLE s.k AS …", then "SELECT * FROM k"). Fails the test with the
 * database's words. */
void test_store_sql(const char *url, const char *sql);
/* The same, but gives false when the database refuses it. */
bool test_store_try(const char *url, const char *sql);
/* The first column of the first row, as text in static storage; "" for NULL. */
const char *test_store_ask(const char *url, const char *sql);
/* A literal of the bytes; static storage until the next call. */
const char *test_store_blob(const char *hex);
/* A line "table\tcolumn\tTYPE" for each column, TYPE being INTEGER, REAL, TEXT or BLOB; to be freed. */
char *test_store_columns(const char *url);
/* Whether the bytes stand in clear anywhere in the store. */
bool test_store_holds(const char *url, const void *bytes, size_t size);
