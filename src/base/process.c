#include "base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t process_resident_bytes(void)
{
    char line[256];
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    const char *space = fgets(line, sizeof line, file) != NULL ? strchr(line, ' ') : NULL;
    (void)fclose(file);
    return space != NULL ? strtoll(space, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}
