/* Log-in, sessions and bearer tokens: who a credential belongs to. */
#include "affairs/party/party_inner.h"
#include "http/rows.h"

#include <string.h>

/* A hash of no password, so that an unknown name takes as long as a wrong password. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
                             "R6Sb0GqBnRkTFYbP6BYVpO0wcbGq3dZ0wXvUkHu0c5Y";

static bool account_may_log_in(const char *state, const char *party_state)
{
    if (strcmp(state, "hand_over") == 0)
        return true;
    return strcmp(state, "active") == 0 && (party_state == NULL || strcmp(party_state, "active") == 0);
}

/* ---- identity ---- */

static enum result read_actor(const struct store_row *row, struct actor *ret_actor)
{
    const char *state = row_text(row, "state");
    if (!account_may_log_in(state, row_text(row, "party_state")))
        return RESULT_UNAUTHENTICATED;
    *ret_actor = (struct actor){
        .account = row_integer(row, "account_id"),
        .party = row_integer(row, "party_id"),
        .role = role_by_name(row_text(row, "role")),
        .duties = (unsigned)row_integer(row, "duties"),
        .hand_over_only = strcmp(state, "hand_over") == 0,
    };
    return RESULT_OK;
}

/* A session may act under a delegation, as long as that is in force. */
static enum result take_up_delegation(struct work *work, const struct store_row *row, struct actor *actor)
{
    if (row_is_null(row, "delegation_id"))
        return RESULT_OK;
    int64_t today = work_today(work);
    if (strcmp(row_text(row, "delegation_state"), "confirmed") != 0 || today < row_integer(row, "from_day") ||
        today > row_integer(row, "until_day"))
        return RESULT_UNAUTHENTICATED;
    actor->party = row_integer(row, "acting_party");
    actor->role = role_by_name(row_text(row, "acting_role"));
    actor->duties = (unsigned)row_integer(row, "acting_duties");
    return RESULT_OK;
}

/* A use at `at` is noted only when the last one noted is as old as this. */
static instant noted_before(instant at)
{
    return at - LIMIT_SESSION_NOTE_MINUTES * INSTANT_MINUTE;
}

static enum result session_used(struct work *work, const char *token, instant at)
{
    const char *digest = party_secret_digest(work->arena, token);
    return store_exec(work->tx, SQL_SESSION_TOUCH,
                      STORE_BINDS({"digest", store_text(digest)}, {"at", store_integer(at)},
                                  {"before", store_integer(noted_before(at))}),
                      NULL);
}

static enum result by_session(struct work *work, const char *token, struct actor *ret_actor,
                              struct session_known *ret_session)
{
    struct store_row row;
    const char *digest = party_secret_digest(work->arena, token);
    if (store_one(work->tx, work->arena, SQL_SESSION_FIND, STORE_BINDS({"digest", store_text(digest)}),
                  &row) != RESULT_OK)
        return RESULT_UNAUTHENTICATED;
    instant now = work_now(work);
    if (now >= row_integer(&row, "ends_at") ||
        now >= row_integer(&row, "seen_at") + LIMIT_SESSION_IDLE_MINUTES * INSTANT_MINUTE)
        return RESULT_UNAUTHENTICATED;
    struct actor actor;
    TRY(read_actor(&row, &actor));
    TRY(take_up_delegation(work, &row, &actor));
    *ret_actor = actor;
    (void)snprintf(ret_session->csrf, sizeof ret_session->csrf, "%s", row_text(&row, "csrf"));
    ret_session->stale = row_integer(&row, "seen_at") <= noted_before(now);
    return RESULT_OK;
}

static enum result by_bearer(struct work *work, const char *token, struct actor *ret_actor)
{
    struct store_row row;
    const char *digest = party_secret_digest(work->arena, token);
    if (store_one(work->tx, work->arena, SQL_TOKEN_FIND, STORE_BINDS({"digest", store_text(digest)}), &row) !=
            RESULT_OK ||
        work_now(work) >= row_integer(&row, "ends_at"))
        return RESULT_UNAUTHENTICATED;
    return read_actor(&row, ret_actor);
}

const struct identity party_identity = {
    .by_session = by_session, .by_bearer = by_bearer, .session_used = session_used};

/* ---- log-in ---- */

struct attempt {
    const char *login;
    const char
        *counter; /* the name under which its failures are counted: the log-in name, or the browser's */
    struct store_row account;
    bool known;
    bool fits;
    const char *session;
};

static enum result refuse_locked(struct work *work)
{
    return REFUSE(work, .result = RESULT_LIMIT, .field = "/login", .zh = "连续失败过多，登录已暂停",
                  .en = "too many failures in a row: log-in is locked for now",
                  .remedy_zh = "15 分钟后再试，或请安全管理员解锁",
                  .remedy_en = "try again in 15 minutes, or ask the security administrator");
}

/* Strangers, whoever they are, share the failures of a name; a browser that the account has logged in from
 * has its own. So guessing is bounded for each, and who locks the name does not lock those browsers. */
static void find_counter(struct request *request, struct attempt *attempt)
{
    const char *browser = request_browser(request);
    attempt->counter = attempt->login;
    if (attempt->known &&
        party_browser_is_known(&request->work, row_text(&attempt->account, "password"), browser))
        attempt->counter = party_browser_counter(&request->work, browser);
}

/* Failures so far; refuses while the name is locked, be there an account of that name or not. */
static enum result failures_of(struct work *work, const char *login, int64_t *ret_failures)
{
    struct store_row row;
    *ret_failures = 0;
    if (store_one(work->tx, work->arena, SQL_LOGIN_FAILURE_FIND, STORE_BINDS({"login", store_text(login)}),
                  &row) != RESULT_OK)
        return RESULT_OK;
    if (row_integer(&row, "locked_until") > work_now(work))
        return refuse_locked(work);
    *ret_failures = row_integer(&row, "failures");
    return RESULT_OK;
}

static enum result look_up(struct request *request, void *argument)
{
    struct attempt *attempt = argument;
    struct work *work = &request->work;
    int64_t failures;
    const struct store_bind *binds = STORE_BINDS({"login", store_text(attempt->login)});
    attempt->known =
        store_one(work->tx, work->arena, SQL_ACCOUNT_BY_LOGIN, binds, &attempt->account) == RESULT_OK;
    find_counter(request, attempt);
    return failures_of(work, attempt->counter, &failures);
}

static enum result refuse_wrong(struct work *work)
{
    return REFUSE(work, .result = RESULT_UNAUTHENTICATED, .zh = "登录名或口令不对",
                  .en = "wrong log-in name or password",
                  .remedy_zh = "核对后再试；连续 5 次失败将暂停 15 分钟",
                  .remedy_en = "check and try again; five failures in a row lock the log-in for 15 minutes");
}

static enum result count_failure(struct request *request, void *argument)
{
    struct attempt *attempt = argument;
    struct work *work = &request->work;
    int64_t failures;
    /* Guesses that were under way when the lock came change nothing of it. */
    TRY(failures_of(work, attempt->counter, &failures));
    failures++;
    bool locks = failures >= LIMIT_LOGIN_FAILURES;
    instant until = locks ? work_now(work) + LIMIT_LOGIN_LOCK_MINUTES * INSTANT_MINUTE : 0;
    TRY(store_exec(work->tx, SQL_LOGIN_FAILURE_SET,
                   STORE_BINDS({"login", store_text(attempt->counter)},
                               {"failures", store_integer(locks ? 0 : failures)},
                               {"locked", store_integer(until)}),
                   NULL));
    if (locks && attempt->known)
        return work_record(work, "log_in_locked", "account", row_integer(&attempt->account, "id"), LAW_NONE,
                           NULL);
    return RESULT_OK;
}

static enum result describe_session(struct request *request, const struct actor *actor, const char *csrf)
{
    struct work *work = &request->work;
    struct store_rows rows;
    TRY(store_many(
        work->tx, work->arena, SQL_ACCOUNT_NEXT_ACTING,
        STORE_BINDS({"account", store_integer(actor->account)}, {"today", store_integer(work_today(work))}),
        &rows));
    json_t *acting = json_array();
    for (size_t i = 0; i < rows.count; i++)
        json_array_append_new(acting, json_pack("{s:I, s:I, s:s, s:s}", "delegation",
                                                (json_int_t)row_integer(&rows.rows[i], "id"), "party",
                                                (json_int_t)row_integer(&rows.rows[i], "party_id"), "name",
                                                row_text(&rows.rows[i], "name"), "role",
                                                row_text(&rows.rows[i], "role")));
    json_t *duties = json_array();
    for (enum duty_bit bit = 0; bit < DUTY_COUNT; bit++)
        if ((actor->duties & (1u << bit)) != 0)
            json_array_append_new(duties, json_string(duty_name(bit)));
    request->reply = json_pack("{s:I, s:I, s:s, s:o, s:b, s:o}", "account", (json_int_t)actor->account,
                               "party", (json_int_t)actor->party, "role", role_name(actor->role), "duties",
                               duties, "hand_over_only", actor->hand_over_only, "acting_for", acting);
    if (csrf != NULL)
        json_object_set_new(request->reply, "csrf", json_string(csrf));
    return RESULT_OK;
}

/* The actor that an account is, unless it or its party is not active. */
static enum result account_actor(struct request *request, const struct store_row *account,
                                 struct actor *ret_actor)
{
    struct work *work = &request->work;
    struct store_row party;
    struct actor actor = {
        .account = row_integer(account, "id"),
        .party = row_integer(account, "party_id"),
        .role = role_by_name(row_text(account, "role")),
        .duties = (unsigned)row_integer(account, "duties"),
        .hand_over_only = strcmp(row_text(account, "state"), "hand_over") == 0,
    };
    const char *party_state = NULL;
    if (actor.party != 0) {
        TRY(party_by_id(work, actor.party, &party));
        party_state = row_text(&party, "state");
    }
    if (!account_may_log_in(row_text(account, "state"), party_state))
        return REFUSE(work, .result = RESULT_UNAUTHENTICATED, .zh = "账号或所属单位未启用",
                      .en = "the account or its party is not active",
                      .remedy_zh = "单位登记须由市数据局受理，账号须由安全管理员启用",
                      .remedy_en =
                          "the bureau accepts parties, the security administrator activates accounts");
    *ret_actor = actor;
    return RESULT_OK;
}

/* Between the check of the password and this transaction other guesses may have locked the name, and the
 * password may have been changed. */
static enum result still_fits(struct request *request, struct attempt *attempt)
{
    struct work *work = &request->work;
    struct store_row now;
    int64_t failures;
    TRY(failures_of(work, attempt->counter, &failures));
    TRY(store_one(work->tx, work->arena, SQL_ACCOUNT_BY_LOGIN,
                  STORE_BINDS({"login", store_text(attempt->login)}), &now));
    if (strcmp(row_text(&now, "password"), row_text(&attempt->account, "password")) != 0)
        return refuse_wrong(work);
    attempt->account = now;
    return RESULT_OK;
}

static enum result open_session(struct request *request, void *argument)
{
    struct attempt *attempt = argument;
    struct work *work = &request->work;
    struct actor actor = {0};
    TRY(still_fits(request, attempt));
    TRY(account_actor(request, &attempt->account, &actor));
    const char *csrf = party_secret(work);
    attempt->session = party_secret(work);
    const struct store_bind *counter = STORE_BINDS({"login", store_text(attempt->counter)});
    TRY(store_exec(work->tx, SQL_LOGIN_FAILURE_CLEAR, counter, NULL));
    TRY(store_exec(work->tx, SQL_SESSION_PRUNE, STORE_BINDS({"at", store_integer(work_now(work))}), NULL));
    TRY(store_exec(work->tx, SQL_SESSION_INSERT,
                   STORE_BINDS({"digest", store_text(party_secret_digest(work->arena, attempt->session))},
                               {"account", store_integer(actor.account)}, {"csrf", store_text(csrf)},
                               {"at", store_integer(work_now(work))},
                               {"ends", store_integer(work_now(work) + LIMIT_SESSION_HOURS * INSTANT_HOUR)}),
                   NULL));
    work->actor = &actor;
    TRY(work_record(work, "log_in", "account", actor.account, LAW_NONE, NULL));
    work->actor = &request->actor;
    return describe_session(request, &actor, csrf);
}

/* The account behind name and password, or a refusal that is counted; a lock is kept. */
static enum result attempt_log_in(struct request *request, struct attempt *attempt)
{
    attempt->login = json_text(request->body, "login");
    const char *password = json_text(request->body, "password");
    TRY(request_read(request, look_up, attempt));
    TRY(party_password_fits(attempt->known ? row_text(&attempt->account, "password") : nobody, password,
                            &attempt->fits));
    if (attempt->known && attempt->fits)
        return RESULT_OK;
    TRY(request_write(request, count_failure, attempt));
    return refuse_wrong(&request->work);
}

enum result session_log_in(struct request *request)
{
    struct attempt attempt = {0};
    TRY(attempt_log_in(request, &attempt));
    TRY(request_write(request, open_session, &attempt));
    request_set_session(request, attempt.session, LIMIT_SESSION_HOURS * INT64_C(3600));
    request_set_browser(request,
                        party_browser_cookie(&request->work, row_text(&attempt.account, "password"),
                                             request_browser(request)),
                        LIMIT_BROWSER_DAYS * INT64_C(86400));
    return RESULT_OK;
}

/* ---- tokens ---- */

enum result token_insert(struct request *request, row_id account)
{
    struct work *work = &request->work;
    const char *token = party_secret(work);
    struct store_row row;
    int64_t days = json_integer_or(request->body, "days", 1);
    TRY(store_one(work->tx, work->arena, SQL_TOKEN_INSERT,
                  STORE_BINDS({"account", store_integer(account)}, {"title", body_text(request, "title")},
                              {"digest", store_text(party_secret_digest(work->arena, token))},
                              {"at", store_integer(work_now(work))},
                              {"ends", store_integer(work_now(work) + days * INSTANT_DAY)}),
                  &row));
    TRY(work_record(work, "make_token", "token", row_integer(&row, "id"), LAW_NONE, NULL));
    request->status = 201;
    request->reply = json_pack("{s:I, s:s, s:I}", "id", (json_int_t)row_integer(&row, "id"), "token", token,
                               "entry", (json_int_t)work->entry);
    return RESULT_OK;
}

static enum result open_token(struct request *request, void *argument)
{
    struct attempt *attempt = argument;
    struct actor actor = {0};
    TRY(still_fits(request, attempt));
    TRY(store_exec(request->work.tx, SQL_LOGIN_FAILURE_CLEAR,
                   STORE_BINDS({"login", store_text(attempt->counter)}), NULL));
    TRY(account_actor(request, &attempt->account, &actor));
    request->work.actor = &actor;
    enum result result = token_insert(request, actor.account);
    request->work.actor = &request->actor;
    return result;
}

enum result session_token(struct request *request)
{
    struct attempt attempt = {0};
    TRY(attempt_log_in(request, &attempt));
    return request_write(request, open_token, &attempt);
}

enum result session_show(struct request *request)
{
    struct work *work = &request->work;
    const char *session = request_session(request);
    struct store_row row;
    const char *csrf = NULL;
    if (session != NULL &&
        store_one(work->tx, work->arena, SQL_SESSION_FIND,
                  STORE_BINDS({"digest", store_text(party_secret_digest(work->arena, session))}),
                  &row) == RESULT_OK)
        csrf = row_text(&row, "csrf");
    return describe_session(request, &request->actor, csrf);
}

enum result session_act(struct request *request)
{
    struct work *work = &request->work;
    const char *session = request_session(request);
    if (session == NULL)
        return REFUSE(work, .result = RESULT_INVALID, .zh = "只有会话可以代行，令牌不可以",
                      .en = "only a session can act for a party, a token cannot", .remedy_zh = "登录后再代行",
                      .remedy_en = "log in first");
    int64_t delegation = json_integer_or(request->body, "delegation", 0);
    if (delegation != 0) {
        struct store_row row;
        struct store_value id = store_integer(delegation);
        TRY(store_one(work->tx, work->arena, SQL_DELEGATION_BY_ID, STORE_BINDS({"id", id}), &row));
        if (row_integer(&row, "to_account_id") != request->actor.account)
            return RESULT_NOT_FOUND;
        if (strcmp(row_text(&row, "state"), "confirmed") != 0 ||
            work_today(work) < row_integer(&row, "from_day") ||
            work_today(work) > row_integer(&row, "until_day"))
            return REFUSE(work, .result = RESULT_CONFLICT, .field = "/delegation",
                          .zh = "该委托未确认或不在有效期内",
                          .en = "the delegation is not confirmed or not in force today",
                          .remedy_zh = "请安全管理员确认，或核对起止日期",
                          .remedy_en = "ask the security administrator to confirm it, or check its dates");
    }
    TRY(store_exec(work->tx, SQL_SESSION_ACT,
                   STORE_BINDS({"digest", store_text(party_secret_digest(work->arena, session))},
                               {"delegation", delegation != 0 ? store_integer(delegation) : store_null()}),
                   NULL));
    TRY(work_record(work, delegation != 0 ? "act_for" : "act_for_self", "delegation", delegation, LAW_NONE,
                    NULL));
    return reply_step(request, delegation, NULL);
}

enum result session_log_out(struct request *request)
{
    struct work *work = &request->work;
    const char *session = request_session(request);
    if (session != NULL)
        TRY(store_exec(work->tx, SQL_SESSION_DELETE,
                       STORE_BINDS({"digest", store_text(party_secret_digest(work->arena, session))}), NULL));
    request_set_session(request, NULL, 0);
    return RESULT_OK;
}

/* ---- password ---- */

static enum result find_own(struct request *request, void *argument)
{
    struct attempt *attempt = argument;
    struct work *work = &request->work;
    struct store_value id = store_integer(request->actor.account);
    int64_t failures;
    TRY(store_one(work->tx, work->arena, SQL_ACCOUNT_BY_ID, STORE_BINDS({"id", id}), &attempt->account));
    attempt->known = true;
    attempt->login = row_text(&attempt->account, "login");
    find_counter(request, attempt);
    return failures_of(work, attempt->counter, &failures);
}

static enum result set_password(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_value id = store_integer(request->actor.account);
    TRY(store_exec(work->tx, SQL_ACCOUNT_SET_PASSWORD,
                   STORE_BINDS({"id", id}, {"password", store_text(argument)}), NULL));
    TRY(store_exec(work->tx, SQL_SESSION_DELETE_ACCOUNT, STORE_BINDS({"account", id}), NULL));
    TRY(store_exec(work->tx, SQL_TOKEN_DELETE_ACCOUNT, STORE_BINDS({"account", id}), NULL));
    TRY(work_record(work, "change_password", "account", request->actor.account, LAW_NONE, NULL));
    return reply_step(request, request->actor.account, NULL);
}

enum result session_password(struct request *request)
{
    struct attempt attempt = {0};
    const char *hash;
    TRY(request_read(request, find_own, &attempt));
    TRY(party_password_fits(row_text(&attempt.account, "password"), json_text(request->body, "old"),
                            &attempt.fits));
    /* Who holds a session, but not the password, guesses no more often here than at log-in. */
    if (!attempt.fits)
        TRY(request_write(request, count_failure, &attempt));
    if (!attempt.fits)
        return REFUSE(&request->work, .result = RESULT_FORBIDDEN, .field = "/old", .zh = "原口令不对",
                      .en = "the old password is wrong", .remedy_zh = "核对后再试",
                      .remedy_en = "check and try again");
    TRY(party_password_is_strong(request->work.refusal, json_text(request->body, "password")));
    TRY(party_password_hash(request->work.arena, json_text(request->body, "password"), &hash));
    request_set_session(request, NULL, 0);
    return request_write(request, set_password, arena_strdup(request->work.arena, hash));
}
