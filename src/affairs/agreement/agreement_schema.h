#pragma once

#include "http/schema.h"

extern const struct schema agreement_new_schema, agreement_schema, certificate_schema, hand_over_schema,
    purge_schema;
