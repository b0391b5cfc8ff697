#include "support/attack.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *plain(const char *text)
{
    assert(text != NULL && strpbrk(text, "\t\n\r") == NULL);
    return text;
}

void attack_stopped(const struct attack *attack)
{
    char path[512];
    char line[2048];
    const char *folder = getenv("DUKOU_ATTACKS");
    if (folder == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s/%s.tsv", folder, plain(attack->chapter));
    int length = snprintf(line, sizeof line, "%s\t%s\t%s\t%s\n", plain(attack->name), plain(attack->tried),
                          plain(attack->stopped), plain(attack->seen));
    assert(length > 0 && length < (int)sizeof line);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, line, (size_t)length) != length || close(fd) != 0)
        abort();
}
