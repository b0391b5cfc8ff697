/* Folders of a city's home, copied durably. */
#pragma once

#include "base/result.h"

#include <stdbool.h>

enum folder_present {
    FOLDER_REFUSE, /* a file that is there already is RESULT_IO */
    FOLDER_KEEP    /* it stays as it is, and is not looked at */
};

/* Copies every file below `from`; a folder that is not there is an empty one. One thread at a time. */
enum result folder_copy(const char *from, const char *to, enum folder_present present);

/* Removes a folder and what is in it; one that is not there is fine. */
enum result folder_remove(const char *path);

/* Fsyncs a folder's entries. */
enum result folder_sync(const char *path);
