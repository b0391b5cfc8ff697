/* Shared by the files of this concept. */
#pragma once

#include "affairs/catalogue/catalogue.h"

enum result resource_is_graded(struct move *move);
enum result resource_is_not_core(struct move *move);
enum result entry_is_own(struct move *move);
enum result deadline_has_passed(struct move *move);
enum result authorisation_is_own(struct move *move);
enum result authorised_entry_is_in_force(struct move *move);
