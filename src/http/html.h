/* Pages made from the tables: plain HTML, nothing loaded from elsewhere, readable without a script. */
#pragma once

#include "http/app.h"

/* Where to go. The caller frees it. */
char *html_portal(const struct app *app, bool english);

/* All routes: who may, by which clause, with what fields. The caller frees it. */
char *html_interface(const struct app *app, bool english);

/* The style sheet inside both, which the Content-Security-Policy allows by its digest. */
extern const char html_style[];
