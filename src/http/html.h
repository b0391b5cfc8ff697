/* Pages made from the tables: plain HTML, nothing loaded from elsewhere, readable without a script. */
#pragma once

#include "http/app.h"

/* Where to go; static storage. */
const char *html_portal(bool english);

/* The browsable description of all routes; the caller frees it. */
char *html_interface(const struct app *app, bool english);
