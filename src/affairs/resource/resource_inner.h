/* Shared by the files of this concept. */
#pragma once

#include "affairs/resource/resource.h"

/* What a step of the workflow hands to its guards. */
struct resource_context {
    struct store_row row;
    struct store_rows items;
};

/* Guards. */
enum result resource_is_own(struct move *move);
enum result resource_is_whole(struct move *move);
enum result sensitive_items_are_confirmed(struct move *move);
