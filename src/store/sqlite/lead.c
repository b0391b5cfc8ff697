/* Who leads, told by a lock on one byte of a file beside the database: the kernel lets go of it with the
 * process. The file itself says nothing and is never removed, so that everybody locks the same one. */
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct sqlite_lead {
    int file;
    char *path;
};

static void forget(struct sqlite_lead *lead)
{
    if (lead->file >= 0)
        (void)close(lead->file);
    free(lead->path);
    free(lead);
}

/* False when somebody has put another file in the place of the one that is locked. */
static bool is_there(const struct sqlite_lead *lead)
{
    struct stat here, there;
    return fstat(lead->file, &here) == 0 && stat(lead->path, &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

enum result sqlite_lead(const char *database, int64_t number, void **ret_lead)
{
    struct sqlite_lead *lead = calloc(1, sizeof *lead);
    if (lead == NULL || asprintf(&lead->path, "%s-leads", database) < 0)
        abort();
    /* Of the open file, not of the process: two stores in one process are apart, too. */
    struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};
    enum result result = RESULT_OK;
    lead->file = open(lead->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lead->file < 0)
        result = RESULT_IO;
    else if (fcntl(lead->file, F_OFD_SETLK, &byte) != 0)
        result = errno == EAGAIN || errno == EACCES ? RESULT_BUSY : RESULT_IO;
    else if (!is_there(lead))
        result = RESULT_BUSY;
    if (result != RESULT_OK) {
        forget(lead);
        return result;
    }
    *ret_lead = lead;
    return RESULT_OK;
}

bool sqlite_leads(void *lead)
{
    return is_there(lead);
}

void sqlite_lead_end(void *lead)
{
    forget(lead);
}
