/* The players of the demo, and what they say to the API. A step that does not work ends the demo with the
 * refusal. */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "peers/client/client.h"
#include "peers/demo/process.h"

enum { SOURCES_MAX = 8, PLAYERS_MAX = 64 };

struct player {
    const char *login;
    const char *password;
    const char *party_name; /* "" for administrators */
    const char *credit_code;
    int64_t party;
    int64_t account;
    struct client *client;
    const char *token;
    const char *exchange_token; /* at the data exchange */
};

struct supply;

struct demo {
    struct arena *arena;
    const char *home;
    const char *data; /* folder of CSV files, or NULL: synthetic tables */
    int64_t rows;
    uint64_t seed;
    bool stages; /* leave cases in every stage */
    const char *url;
    const char *exchange_url;
    const char *order_key;
    struct clock *clock;
    struct client *anyone;
    struct process serve, exchange;
    struct player players[PLAYERS_MAX];
    size_t player_count;
    int codes;                     /* credit codes given out */
    const struct supply *supplies; /* supply.h; ends with code NULL */
};

/* Ends the demo: prints what went wrong, stops the processes, exits with 1. */
_Noreturn void demo_fail(struct demo *demo, const char *what, enum result result,
                         const struct refusal *refusal);

/* A call of one player (NULL: the public): the reply, borrowed from the arena. `body`: a printf format of
 * JSON, NULL for none. */
const json_t *say(struct demo *demo, struct player *who, const char *method, const char *path,
                  const char *body, ...) __attribute__((format(printf, 5, 6)));

/* The bytes of a raw reply as text. */
const char *download(struct demo *demo, struct player *who, const char *path);

/* A path with numbers in it. */
const char *path_of(struct demo *demo, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A document of these words, uploaded; its number. */
int64_t upload_text(struct demo *demo, struct player *who, const char *title, const char *kind,
                    const char *text);
const json_t *upload_file(struct demo *demo, struct player *who, const char *method, const char *path, int fd,
                          size_t size);

int64_t number_of(struct demo *demo, const json_t *reply, const char *member);

/* "3  联合评审  joint review   二(四)1   entry 57" */
void tell(int step, const char *zh, const char *en, const char *locator, const json_t *reply);

/* Text as a JSON string with its quotes. */
const char *quoted(struct demo *demo, const char *text);

void pass_days(struct demo *demo, int days);
/* The day in China, now moved by `days`, as YYYY-MM-DD. */
const char *day_from_now(struct demo *demo, int days);

const char *next_credit_code(struct demo *demo);
const char *new_password(struct demo *demo);

/* ---- who there is ---- */

/* A player with a log-in; logs in when first used. */
struct player *add_player(struct demo *demo, const char *login, const char *password, const char *party_name,
                          int64_t party);
struct player *player_by_login(struct demo *demo, const char *login);
