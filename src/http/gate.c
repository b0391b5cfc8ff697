/* Who calls, and may they? */
#include "base/limits.h"
#include "base/mutation.h"
#include "http/exchange.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

const char *gate_cookie_name(const struct app *app)
{
    return app->secure_cookies ? "__Host-dukou_session" : "dukou_session";
}

const char *gate_browser_name(const struct app *app)
{
    return app->secure_cookies ? "__Host-dukou_browser" : "dukou_browser";
}

/* A token is of few kinds of characters, so that nothing odd comes as far as a query or a log. */
static bool is_token(const char *text, size_t length)
{
    if (length == 0 || length > 512)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && strchr("-._~+/=:,", c) == NULL)
            return false;
    }
    return true;
}

/* Two sessions at once are none: the first could be one that a neighbouring site put before the caller's own.
 */
const char *gate_find_cookie(const struct exchange *exchange, const char *name)
{
    const char *cookies = exchange_header(exchange, "Cookie");
    const char *found = NULL;
    size_t size = strlen(name);
    while (cookies != NULL && *cookies != '\0') {
        cookies += strspn(cookies, " ;");
        size_t length = strcspn(cookies, ";");
        bool ours = length > size && strncmp(cookies, name, size) == 0 && cookies[size] == '=';
        if (ours && found != NULL)
            return NULL;
        if (ours && is_token(cookies + size + 1, length - size - 1))
            found = arena_strndup(exchange->arena, cookies + size + 1, length - size - 1);
        cookies += length;
    }
    return found;
}

static enum result refuse_credentials(struct exchange *exchange)
{
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_UNAUTHENTICATED,
                                   .field = exchange->bearer != NULL ? "Authorization" : NULL,
                                   .zh = "登录凭证无效、已过期或已被停用。",
                                   .en = "The credentials are unknown, have expired or were ended.",
                                   .remedy_zh = "请重新登录，或使用有效的访问令牌。",
                                   .remedy_en = "Log in again, or send a token that is alive."});
}

enum result gate_read_credentials(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const char *authorization = exchange_header(exchange, "Authorization");
    if (authorization == NULL) {
        exchange->session = gate_find_cookie(exchange, gate_cookie_name(exchange->app));
        return RESULT_OK;
    }
    const char *token = strncasecmp(authorization, "Bearer ", 7) == 0 ? authorization + 7 : "";
    exchange->bearer = is_token(token, strlen(token)) ? token : NULL;
    if (exchange->bearer != NULL)
        return RESULT_OK;
    return refuse(&exchange->refusal, (struct refusal){.result = RESULT_UNAUTHENTICATED,
                                                       .field = "Authorization",
                                                       .zh = "Authorization 须为 Bearer 访问令牌。",
                                                       .en = "Authorization must be a bearer token.",
                                                       .remedy_zh = "请发送“Authorization: Bearer 令牌”。",
                                                       .remedy_en = "Send \"Authorization: Bearer TOKEN\"."});
}

enum result gate_identify(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct identity *identity = exchange->app->identity;
    struct actor actor = {.role = ROLE_PUBLIC};
    enum result result = RESULT_UNAUTHENTICATED;
    if (!gate_has_credentials(exchange))
        return RESULT_OK;
    if (identity != NULL && exchange->bearer != NULL)
        result = identity->by_bearer(&request->work, exchange->bearer, &actor);
    else if (identity != NULL)
        result = identity->by_session(&request->work, exchange->session, &actor, &exchange->is);
    if (result != RESULT_OK && result != RESULT_UNAUTHENTICATED)
        return result;
    /* A browser keeps sending the cookie of a session that has ended: it may still read what the public may.
     * What it was known for once in this request it may not do as the public. */
    if (result == RESULT_UNAUTHENTICATED && (exchange->bearer != NULL || exchange->known))
        return refuse_credentials(exchange);
    exchange->known = result == RESULT_OK;
    exchange->refusal = (struct refusal){0};
    request->actor = exchange->known ? actor : (struct actor){.role = ROLE_PUBLIC};
    return RESULT_OK;
}

/* "市数据局、授权运营主体" or "bureau, operator". */
static const char *roles_text(struct arena *arena, unsigned roles, bool chinese)
{
    const char *text = "";
    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        if ((roles & (1u << role)) == 0)
            continue;
        const char *name = chinese ? role_chinese((enum role)role) : role_name((enum role)role);
        text = *text == '\0' ? name : arena_printf(arena, "%s%s%s", text, chinese ? "、" : ", ", name);
    }
    return text;
}

static enum result refuse_role(struct exchange *exchange, const struct permission_row *needs, enum law law)
{
    struct arena *arena = exchange->arena;
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_FORBIDDEN,
                                   .law = law,
                                   .zh = arena_printf(arena, "此事由%s办理，您的角色不能办理。",
                                                      roles_text(arena, needs->roles, true)),
                                   .en = arena_printf(arena, "This is for %s; your role may not.",
                                                      roles_text(arena, needs->roles, false)),
                                   .remedy_zh = "请由有权的一方登录后办理。",
                                   .remedy_en = "Let a party that may do it log in."});
}

static enum result refuse_duty(struct exchange *exchange, const struct permission_row *needs, enum law law)
{
    static const char *const chinese[DUTY_COUNT] = {
#define X(symbol, name, zh) zh,
        DUTY_LIST(X)
#undef X
    };
    unsigned bit = (unsigned)__builtin_ctz((unsigned)needs->duty);
    const char *name = duty_name((enum duty_bit)bit);
    struct arena *arena = exchange->arena;
    return refuse(
        &exchange->refusal,
        (struct refusal){.result = RESULT_FORBIDDEN,
                         .law = law,
                         .zh = arena_printf(arena, "此事需要“%s”职责，您的账号没有。", chinese[bit]),
                         .en = arena_printf(arena,
                                            "This needs the duty \"%s\", which your account "
                                            "does not hold.",
                                            name),
                         .remedy_zh = "请由本单位有此职责或受其委托的人员办理。",
                         .remedy_en = "Let a colleague who holds the duty, or has it delegated, do it."});
}

static enum result refuse_hand_over(struct exchange *exchange, enum law law)
{
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_FORBIDDEN,
                                   .law = law,
                                   .zh = "授权运营协议已终止，本账号只能办理移交。",
                                   .en = "The agreement has ended; this account can only hand over.",
                                   .remedy_zh = "请只使用移交相关的功能。",
                                   .remedy_en = "Use what belongs to the hand-over only."});
}

enum result gate_permit(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    const struct actor *actor = &request->actor;
    const struct permission_row *needs = &permissions[request->route->needs];
    enum law law = request->route->law;
    if (mutation_without(needs->name))
        return RESULT_OK;
    if ((needs->roles & (1u << actor->role)) == 0) {
        if (actor->role != ROLE_PUBLIC)
            return refuse_role(exchange, needs, law);
        return refuse(&exchange->refusal, (struct refusal){.result = RESULT_UNAUTHENTICATED,
                                                           .law = law,
                                                           .zh = "请先登录。",
                                                           .en = "Log in first.",
                                                           .remedy_zh = "请登录，或随请求发送访问令牌。",
                                                           .remedy_en = "Log in, or send a token."});
    }
    if (actor->hand_over_only && !needs->hand_over)
        return refuse_hand_over(exchange, law);
    if (needs->duty != DUTY_ANY && (actor->duties & (unsigned)needs->duty) == 0)
        return refuse_duty(exchange, needs, law);
    return RESULT_OK;
}

enum result gate_check_csrf(struct request *request)
{
    struct exchange *exchange = exchange_of(request);
    if (request->route->method == HTTP_GET || exchange->session == NULL || !exchange->known)
        return RESULT_OK;
    const char *sent = exchange_header(exchange, "X-CSRF-Token");
    size_t length = strlen(exchange->is.csrf);
    if (sent != NULL && length > 0 && strlen(sent) == length &&
        sodium_memcmp(sent, exchange->is.csrf, length) == 0)
        return RESULT_OK;
    return refuse(&exchange->refusal,
                  (struct refusal){.result = RESULT_FORBIDDEN,
                                   .field = "X-CSRF-Token",
                                   .zh = "缺少或不符的 X-CSRF-Token:不能确认请求出自本站页面。",
                                   .en = "X-CSRF-Token is missing or wrong: the request may not "
                                         "come from our own page.",
                                   .remedy_zh = "请随请求头发送登录时得到的 csrf 值。",
                                   .remedy_en = "Send the csrf value that log-in gave in this header."});
}

enum result gate_ask_owner(struct request *request)
{
    const struct owner *owner = &request->route->owner;
    if (owner->ask == NULL || mutation_without(owner->name))
        return RESULT_OK;
    return owner->ask(request);
}
