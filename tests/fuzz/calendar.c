/* base/calendar: the file of holidays. */
#include "base/calendar.h"

#include "fuzz.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[256];
    struct calendar *calendar;
    fuzz_write("calendar.json", bytes, size);
    (void)snprintf(path, sizeof path, "%s/calendar.json", fuzz_folder());
    if (calendar_open(path, &calendar) != RESULT_OK)
        return 0;
    day later = calendar_add_working_days(calendar, 20000, 5);
    assert(later > 20000);
    calendar_free(calendar);
    return 0;
}
