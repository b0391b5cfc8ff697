#include "http/html.h"

#include <stdlib.h>
#include <string.h>

const char *html_portal(bool english)
{
    return english ? "<!doctype html><title>渡口 Dukou</title>" : "<!doctype html><title>渡口 Dukou</title>";
}

char *html_interface(const struct app *app, bool english)
{
    (void)app;
    return strdup(html_portal(english));
}
