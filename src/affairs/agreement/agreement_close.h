#pragma once

#include "http/app.h"

enum result agreement_close(struct request *request);
enum result agreement_hand_over(struct request *request);
enum result log_purge(struct request *request);
