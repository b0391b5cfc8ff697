#include "keeper/claims.h"

#include "base/limits.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What the log has accounted for less what was given out, per act and object. */
struct account {
    enum claim_act act;
    int64_t id;
    int64_t balance;
    bool used;
};

struct credit {
    bool approves;
    enum claim_act act;
    int64_t id;
    struct digest digest; /* of an approval */
};

enum {
    ACCOUNTS = 4096,
    CREDITS_MORE = 64,
    SHEET_LOOKS = 2 /* one review sheet opens the result and reads the bytes */
};

struct claims {
    pthread_mutex_t lock;
    bool shown;
    struct account accounts[ACCOUNTS];
    size_t account_count;
    int64_t owed;
    struct credit *credits;
    size_t credit_count;
    size_t credit_room;
};

struct claims *claims_new(void)
{
    struct claims *claims = calloc(1, sizeof *claims);
    if (claims == NULL)
        abort();
    (void)pthread_mutex_init(&claims->lock, NULL);
    return claims;
}

/* ---- accounts; the lock is held ---- */

/* Those that owe nothing are forgotten when the table fills. Then a later opening of the same owes an entry
 * of its own, which costs nothing but an entry. */
static void forget_settled(struct claims *claims)
{
    struct account *kept = calloc(ACCOUNTS, sizeof *kept);
    size_t count = 0;
    if (kept == NULL)
        abort();
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (claims->accounts[i].used && claims->accounts[i].balance < 0)
            kept[count++] = claims->accounts[i];
    memset(claims->accounts, 0, sizeof claims->accounts);
    claims->account_count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)kept[i].id * 2 + (size_t)kept[i].act;
        while (claims->accounts[at % ACCOUNTS].used)
            at++;
        claims->accounts[at % ACCOUNTS] = kept[i];
        claims->account_count++;
    }
    free(kept);
}

static struct account *account_of(struct claims *claims, enum claim_act act, int64_t id)
{
    if (claims->account_count >= ACCOUNTS / 2)
        forget_settled(claims);
    size_t at = (size_t)id * 2 + (size_t)act;
    for (;; at++) {
        struct account *account = &claims->accounts[at % ACCOUNTS];
        if (account->used && (account->act != act || account->id != id))
            continue;
        if (!account->used) {
            *account = (struct account){.act = act, .id = id, .used = true};
            claims->account_count++;
        }
        return account;
    }
}

static void change(struct claims *claims, enum claim_act act, int64_t id, int64_t by)
{
    struct account *account = account_of(claims, act, id);
    claims->owed += account->balance < 0 ? account->balance : 0;
    account->balance += by;
    claims->owed -= account->balance < 0 ? account->balance : 0;
}

enum result claims_account(struct serving *serving, struct call *call, enum claim_act act, int64_t id)
{
    struct claims *claims = serving->claims;
    (void)pthread_mutex_lock(&claims->lock);
    bool fits = !claims->shown || claims->owed < LIMIT_KEEPER_UNACCOUNTED;
    if (fits && claims->shown)
        change(claims, act, id, -1);
    (void)pthread_mutex_unlock(&claims->lock);
    if (fits)
        return RESULT_OK;
    return refuse(
        &call->refusal,
        (struct refusal){.result = RESULT_LIMIT,
                         .law = LAW(EGRESS_REVIEW),
                         .zh = "保管进程已给出而日志尚未记载的内容过多，暂停给出",
                         .en = "the keeper has given out too much that the log does not account for",
                         .remedy_zh = "待日志封存后重试；如持续出现，请核查服务进程",
                         .remedy_en = "try again once the log is sealed; if it persists, look into the "
                                      "serving process"});
}

/* ---- what entries claim ---- */

static bool is_word(const struct piece *piece, const char *word)
{
    return piece->size == strlen(word) && memcmp(piece->at, word, piece->size) == 0;
}

static const struct claim {
    const char *object;
    const char *event;
    const char *kind; /* of the object in the vault that must be there, or of the key that must be gone */
    const char *row;  /* the table whose changed row has its number; NULL: the entry's own object has */
    bool gone;
} known_claims[] = {
    {"query", "seal", "result", NULL, false},
    {"import", "load", "import", NULL, false},
    {"document", "upload", "document", NULL, false},
    {"product", "make", "product", NULL, false},
    {"request", "deliver", "slice", "call_grant", false},
    {"request", "end", "grant", "call_grant", true},
    {"room", "destroy_keys", "room", NULL, true},
    {"room", "end", "room", NULL, true},
};

static enum result refuse_claim(struct call *call, const struct entry_head *head, const char *name,
                                struct refusal *ret_refusal)
{
    return refuse(
        ret_refusal,
        (struct refusal){
            .result = RESULT_FORBIDDEN,
            .field = name,
            .zh = arena_printf(call->arena, "第 %lld 条所称的事保管进程没有做过", (long long)head->number),
            .en = arena_printf(call->arena, "entry %lld claims what the keeper did not do",
                               (long long)head->number),
            .remedy_zh = "请核查服务进程与库：有人写入了不实的记录",
            .remedy_en = "look into the serving process and the store: somebody wrote what is "
                         "not so"});
}

/* The number of the first changed row of the table, −1 when there is none. */
static int64_t changed_row(struct entry_reader reader, const char *table)
{
    struct entry_change change;
    while (entry_next(&reader, &change) == RESULT_OK)
        if (is_word(&change.table, table))
            return change.id;
    return -1;
}

static bool is_done(struct claims_call *state, const struct claim *claim, const char *name)
{
    uint8_t key[VAULT_KEY_SIZE];
    struct vault *vault = state->serving->vault;
    if (!claim->gone)
        return vault_has(vault, name) || vault_was_destroyed(vault, name);
    enum result alive = vault_key_get(vault_keys_of(vault), name, key);
    sodium_memzero(key, sizeof key);
    return alive == RESULT_NOT_FOUND;
}

/* An entry that was under a signed checkpoint already, and is shown again after a fall, has had its account;
 * its approval may not have reached the disk. */
static void credit(struct serving *serving, const struct entry_head *head, const struct credit *what)
{
    struct claims *claims = serving->claims;
    if (!what->approves && head->number < serving->authority.last.size)
        return;
    if (claims->credit_count == claims->credit_room) {
        claims->credit_room += CREDITS_MORE;
        claims->credits = realloc(claims->credits, claims->credit_room * sizeof *claims->credits);
        if (claims->credits == NULL)
            abort();
    }
    claims->credits[claims->credit_count++] = *what;
}

/* The bytes that an entry on a product binds are those the keeper made. */
static enum result judge_product(struct claims_call *state, const struct entry_head *head,
                                 struct refusal *ret_refusal)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    struct vault *vault = state->serving->vault;
    const char *name = object_name(state->call->arena, "product", head->object_id);
    if (!head->has_evidence)
        return RESULT_OK;
    enum result found = vault_get(vault, name, &file);
    if (found == RESULT_NOT_FOUND && vault_was_destroyed(vault, name))
        return RESULT_OK;
    if (found != RESULT_OK || !digest_equal(vault_file_digest(file), &head->evidence))
        return refuse_claim(state->call, head, name, ret_refusal);
    if (is_word(&head->event, "approve"))
        credit(state->serving, head,
               &(struct credit){.approves = true, .id = head->object_id, .digest = head->evidence});
    return RESULT_OK;
}

static enum result judge_known(struct claims_call *state, const struct entry_head *head,
                               const struct entry_reader *reader, struct refusal *ret_refusal)
{
    for (size_t i = 0; i < sizeof known_claims / sizeof *known_claims; i++) {
        const struct claim *claim = &known_claims[i];
        if (!is_word(&head->object, claim->object) || !is_word(&head->event, claim->event))
            continue;
        int64_t id = claim->row == NULL ? head->object_id : changed_row(*reader, claim->row);
        if (id < 0)
            return RESULT_OK; /* it names no object of the keeper's */
        const char *name = object_name(state->call->arena, claim->kind, id);
        if (!is_done(state, claim, name))
            return refuse_claim(state->call, head, name, ret_refusal);
    }
    return RESULT_OK;
}

enum result claims_judge(void *argument, const struct entry_head *head, struct entry_reader *reader,
                         struct refusal *ret_refusal)
{
    struct claims_call *state = argument;
    if (head->continues != AUDIT_NO_ENTRY)
        return RESULT_OK; /* the first part was judged */
    TRY(judge_known(state, head, reader, ret_refusal));
    if (is_word(&head->object, "request") && is_word(&head->event, "order"))
        credit(state->serving, head,
               &(struct credit){.act = CLAIM_ORDER, .id = changed_row(*reader, "source_order")});
    if (!is_word(&head->object, "product"))
        return RESULT_OK;
    if (is_word(&head->event, "open_review_sheet"))
        credit(state->serving, head, &(struct credit){.act = CLAIM_SHEET, .id = head->object_id});
    return judge_product(state, head, ret_refusal);
}

/* ---- the checkpoint ---- */

static void keep_approval(struct serving *serving, int64_t product, const struct digest *digest)
{
    char name[VAULT_NAME_SIZE];
    char key[VAULT_NAME_SIZE];
    (void)snprintf(name, sizeof name, "approved/%lld", (long long)product);
    (void)snprintf(key, sizeof key, "product/%lld", (long long)product);
    /* A product that was destroyed meanwhile needs none. */
    (void)vault_put(serving->vault, name, key, SUITE_AES_256_GCM, NULL, digest->bytes, DIGEST_SIZE, NULL);
}

/* Who read the bytes in the moment between the approval and its checkpoint had a right to them. */
static void settle_reads(struct claims *claims, int64_t product)
{
    int64_t balance = account_of(claims, CLAIM_SHEET, product)->balance;
    if (balance < 0)
        change(claims, CLAIM_SHEET, product, -balance);
}

void claims_settle(struct serving *serving)
{
    struct claims *claims = serving->claims;
    for (size_t i = 0; i < claims->credit_count; i++) {
        const struct credit *what = &claims->credits[i];
        if (what->approves)
            keep_approval(serving, what->id, &what->digest);
        (void)pthread_mutex_lock(&claims->lock);
        if (what->approves)
            settle_reads(claims, what->id);
        else
            change(claims, what->act, what->id, what->act == CLAIM_SHEET ? SHEET_LOOKS : 1);
        (void)pthread_mutex_unlock(&claims->lock);
    }
    claims->credit_count = 0;
}

/* Products from before the keeper looked at the log. */
static void take_products(struct serving *serving, struct call *call)
{
    int64_t *ids = NULL;
    size_t count = vault_list(serving->vault, call->arena, "product", &ids);
    for (size_t i = 0; i < count; i++) {
        CLEANUP_VAULT_FILE struct vault_file *file = NULL;
        if (vault_get(serving->vault, object_name(call->arena, "product", ids[i]), &file) == RESULT_OK)
            keep_approval(serving, ids[i], vault_file_digest(file));
    }
}

void claims_resume(struct serving *serving, struct call *call, bool first)
{
    struct claims *claims = serving->claims;
    claims->credit_count = 0;
    if (first)
        take_products(serving, call);
    (void)pthread_mutex_lock(&claims->lock);
    claims->shown = true;
    (void)pthread_mutex_unlock(&claims->lock);
}

/* ---- approvals ---- */

enum result claims_approval(struct serving *serving, int64_t product, struct digest *ret_digest)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    char name[VAULT_NAME_SIZE];
    (void)snprintf(name, sizeof name, "approved/%lld", (long long)product);
    TRY(vault_get(serving->vault, name, &file));
    return vault_file_size(file) == DIGEST_SIZE ? vault_file_read(file, 0, DIGEST_SIZE, ret_digest->bytes)
                                                : RESULT_CORRUPT;
}

enum result claims_approved(struct serving *serving, int64_t product)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    char name[VAULT_NAME_SIZE];
    struct digest approved;
    struct claims *claims = serving->claims;
    (void)pthread_mutex_lock(&claims->lock);
    bool asked = claims->shown;
    (void)pthread_mutex_unlock(&claims->lock);
    if (!asked)
        return RESULT_OK;
    (void)snprintf(name, sizeof name, "product/%lld", (long long)product);
    TRY(vault_get(serving->vault, name, &file));
    enum result found = claims_approval(serving, product, &approved);
    if (found == RESULT_OK && digest_equal(vault_file_digest(file), &approved))
        return RESULT_OK;
    return found == RESULT_OK || found == RESULT_NOT_FOUND ? RESULT_FORBIDDEN : found;
}
