/* Steps 1 and 2 of the main job: resources described where they live, registered, graded, listed, authorised;
 * and the source agents that deliver. */
#pragma once

#include "peers/demo/play.h"

/* One data item of a resource; its type is as the source measured it. */
struct supply_item {
    const char *name;
    const char *title;
    const char *use;
    bool filterable;
};

struct supply {
    const char *code;
    const char *title;
    const char *abstract;
    const char *category;
    const char *industry;
    const char *provider; /* "hrss": its clerk, approver and source agent are hrss-clerk, … */
    const char *file;     /* below the provider's folder HOME-sources/PROVIDER/ */
    const char *subject;
    const char *subject_kind;
    const struct supply_item *items; /* ends with {0}; items of the file that are not listed are forbidden */
    bool personal;
};

/* Writes the synthetic tables or links the folder's CSV files, and the configuration of each provider's
 * agent. */
void prepare_sources(struct demo *demo);

/* The resources of this demo; ends with code NULL. */
const struct supply *supplies(const struct demo *demo);

/* All steps of one; the number of its entry in the catalogue. */
int64_t supply_resource(struct demo *demo, const struct supply *supply, bool tells);

/* Has a provider's agent look for orders once, and deliver. */
void deliver(struct demo *demo, const char *provider);

/* The citizen number of the first row of the synthetic insurance table. */
const char *first_citizen(struct demo *demo);

/* Districts compile resources of their own, left at different stages. */
void leave_stages(struct demo *demo);
