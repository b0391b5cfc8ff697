/* What the kernel tells of this process. */
#pragma once

#include <stdint.h>

/* Resident memory in bytes; 0 when it cannot be told. */
int64_t process_resident_bytes(void);
