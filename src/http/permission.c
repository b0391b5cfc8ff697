#include "http/permission.h"

const struct permission_row permissions[PERMISSION_COUNT] = {{"unset", 0, DUTY_ANY, NOT_HAND_OVER},
#define X(symbol, roles, duty, hand_over) {#symbol, roles, duty, hand_over},
                                                             PERMISSION_LIST(X)
#undef X
};
