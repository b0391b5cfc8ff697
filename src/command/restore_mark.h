/* HOME/restoring. */
#pragma once

#include "command/settings.h"

struct restore_mark {
    const char *id;     /* of this restore */
    const char *folder; /* the backup */
    bool overwrite;
    bool store_placed;
    bool placed; /* all of it */
};

/* RESULT_NOT_FOUND when no restore is under way. */
enum result restore_mark_read(const struct settings *settings, struct arena *arena,
                              struct restore_mark *ret_mark);
enum result restore_mark_write(const struct settings *settings, struct arena *arena,
                               const struct restore_mark *mark);
enum result restore_mark_remove(const struct settings *settings, struct arena *arena);
