/* Tells the service manager how it goes (sd_notify(3): datagrams to the socket NOTIFY_SOCKET). Nothing
 * happens where there is none. */
#pragma once

#include "base/clock.h"

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…". */
void notify(const char *state);

/* How often the manager wants WATCHDOG=1, halved so that one may be late; 0: it does not. */
instant notify_watchdog(void);
