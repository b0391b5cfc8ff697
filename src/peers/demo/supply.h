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
    const struct supply_item
        *items; /* ends with {0}; what is not listed is not offered. NULL: by type, as measured */
    bool personal;
};

/* Writes the synthetic tables or links the folder's CSV files, and the configuration of each provider's
 * agent. */
void prepare_sources(struct demo *demo);

/* Finds what this demo has for resources, into demo->supplies: the synthetic tables, or each CSV file of the
 * folder: those that the demo knows with the words and uses that fit them, any other with its first column as
 * the subject, its numbers as measures and the rest as dimensions. */
void gather_supplies(struct demo *demo);

/* The supply of a file, NULL when it is not among them. */
const struct supply *supply_of_file(const struct demo *demo, const char *file);

/* All steps of one; the number of its entry in the catalogue. */
int64_t supply_resource(struct demo *demo, const struct supply *supply, bool tells);

/* Has a provider's agent look for orders once, and deliver. */
void deliver(struct demo *demo, const char *provider);

/* The citizen number of the first row of the synthetic insurance table. */
const char *first_citizen(struct demo *demo);

/* Districts compile resources of their own, left at different stages. */
void leave_stages(struct demo *demo);
