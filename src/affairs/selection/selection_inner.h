/* Shared by the files of this concept. */
#pragma once

#include "affairs/selection/selection.h"

enum result selection_by_id(struct work *work, row_id selection, struct store_row *ret_selection);

/* Applications with their weighted scores, the best first; ties go to the earlier application. New reference:
 * [{"application_id","party_id","score"}], score in hundredths of a point. */
enum result selection_ranking(struct work *work, const struct store_row *selection, json_t **ret_ranking);

/* Guards. */
enum result notice_is_whole(struct move *move);
enum result other_way_has_basis(struct move *move);
enum result individual_has_scope_and_necessity(struct move *move);
enum result nothing_is_exclusive(struct move *move);
enum result applications_are_closed(struct move *move);
enum result review_is_joint_and_complete(struct move *move);
enum result winner_is_first(struct move *move);
enum result publicity_has_ended(struct move *move);
enum result objections_are_settled(struct move *move);
enum result application_is_in_time(struct move *move);
enum result applicant_is_eligible(struct move *move);
enum result applicant_is_clean(struct move *move);
