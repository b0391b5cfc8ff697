/* Shared by the files of this concept. */
#pragma once

#include "affairs/party/party.h"
#include "base/limits.h"

struct account_new {
    row_id party; /* 0: none */
    enum role role;
    const char *login;
    const char *name;
    const char *password_hash;
    unsigned duties;
    const char *state;
};

enum result party_insert(struct work *work, enum role role, const char *name, const char *credit_code,
                         const char *region, row_id *ret_party);
enum result party_account_insert(struct work *work, const struct account_new *account, row_id *ret_account);
unsigned party_duties(const json_t *names);

/* Argon2id (libsodium, interactive: 64 MiB); at most LIMIT_LOGIN_AT_ONCE at a time, LIMIT_LOGIN_WAITING
 * others wait. RESULT_BUSY beyond that. */
enum result party_password_hash(struct arena *arena, const char *password, const char **ret_hash);
enum result party_password_fits(const char *hash, const char *password, bool *ret_fits);
/* Refuses passwords under 10 characters. */
enum result party_password_is_strong(struct refusal *refusal, const char *password);

/* A random secret as 64 hexadecimal digits, and what is stored of it. */
const char *party_secret(struct work *work);
const char *party_secret_digest(struct arena *arena, const char *secret);

/* The cookie that a browser has from its last log-in; `password_hash` is what is stored of the account's
 * password. False when it is none, of another account, from before the password was changed, or too old. */
bool party_browser_is_known(const struct work *work, const char *password_hash, const char *cookie);
/* Under which name the failures of a known browser are counted, in place of the log-in name. */
const char *party_browser_counter(struct work *work, const char *cookie);
/* The cookie for the browser of who has just logged in; it keeps its number when `cookie` is known. */
const char *party_browser_cookie(struct work *work, const char *password_hash, const char *cookie);

enum result session_log_in(struct request *request);
enum result session_show(struct request *request);
enum result session_act(struct request *request);
enum result session_log_out(struct request *request);
enum result session_password(struct request *request);
enum result session_token(struct request *request);
/* The reply of a new token of `account`, titled and timed by the body. */
enum result token_insert(struct request *request, row_id account);
