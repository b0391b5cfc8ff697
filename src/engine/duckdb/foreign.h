/* What is given where a table is expected and is none: an archive, a workbook, a picture. Told by its first
 * bytes, so that the refusal names what it is. */
#pragma once

#include "engine/failure.h"

#include <stddef.h>

/* Bytes of the beginning that are worth having. */
#define FOREIGN_BYTES 4096

/* FAILURE_NONE when nothing speaks against CSV; otherwise *ret_name is what it seems to be, static storage.
 */
enum failure foreign_file(const unsigned char *bytes, size_t size, const char **ret_name);
