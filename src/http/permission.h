/* What a role may ask of the platform. One row each: symbol, the roles that have it, the duty that the
 * account needs beside (DUTY_ANY: none), and whether it stays with a hand-over account, which an operator
 * keeps when its agreement has ended: HAND_OVER_TOO or NOT_HAND_OVER. The name in reports is the symbol in
 * lower case. Who owns an object is not told here but by the route's `owner`. */
#pragma once

#include "base/role.h"

#include <stdbool.h>

#define R(role) (1u << ROLE_##role)
#define R_ADMINS (R(SYSTEM_ADMIN) | R(SECURITY_ADMIN) | R(AUDIT_ADMIN))
#define R_PARTIES                                                                                            \
    (R(BUREAU) | R(PROVIDER) | R(OPERATOR) | R(DEVELOPER) | R(REGULATOR) | R(GOVERNMENT) | R(CUSTOMER) |     \
     R(EXCHANGE))
#define R_ANYONE (R(PUBLIC) | R_PARTIES | R_ADMINS | R(SOURCE))
#define R_LOGGED_IN (R_PARTIES | R_ADMINS | R(SOURCE))

#define NOT_HAND_OVER false
#define HAND_OVER_TOO true

/* Keep each concept's rows together. */
#define PERMISSION_LIST(X)                                                                                   \
    X(PUBLIC_READ, R_ANYONE, DUTY_ANY, HAND_OVER_TOO)                                                        \
    X(SESSION, R_LOGGED_IN, DUTY_ANY, HAND_OVER_TOO)                                                         \
    X(PARTY_READ, R_LOGGED_IN, DUTY_ANY, NOT_HAND_OVER)                                                      \
    X(PARTY_DECIDE, R(BUREAU), DUTY_ANY, NOT_HAND_OVER)                                                      \
    X(ACCOUNT_ADD, R_PARTIES, DUTY_ANY, NOT_HAND_OVER)                                                       \
    X(ACCOUNT_DECIDE, R(SECURITY_ADMIN), DUTY_ANY, NOT_HAND_OVER)                                            \
    X(DELEGATE, R_PARTIES, DUTY_CLERK, NOT_HAND_OVER)                                                        \
    X(DELEGATION_END, R_PARTIES | R(SECURITY_ADMIN), DUTY_ANY, NOT_HAND_OVER)                                \
    X(HOLDING_RECORD, R(BUREAU) | R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)                                     \
    X(HOLDING_READ, R(BUREAU) | R(REGULATOR) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                         \
    X(DOCUMENT, R_PARTIES, DUTY_ANY, NOT_HAND_OVER)                                                          \
    X(RULE_READ, R_LOGGED_IN, DUTY_ANY, NOT_HAND_OVER)                                                       \
    X(RULE_DRAFT, R(BUREAU) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                          \
    X(RULE_DECIDE, R(BUREAU), DUTY_APPROVER, NOT_HAND_OVER)                                                  \
    X(CREDIT_WRITE, R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)                                                   \
    X(CREDIT_READ, R(REGULATOR) | R(BUREAU) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                          \
    X(RESOURCE_READ, R_PARTIES | R(AUDIT_ADMIN), DUTY_ANY, NOT_HAND_OVER)                                    \
    X(RESOURCE_WRITE, R(PROVIDER), DUTY_ANY, NOT_HAND_OVER)                                                  \
    X(RESOURCE_GRADE, R(PROVIDER), DUTY_APPROVER, NOT_HAND_OVER)                                             \
    X(SOURCE, R(SOURCE), DUTY_ANY, NOT_HAND_OVER)                                                            \
    X(ENTRY_READ, R(BUREAU) | R(PROVIDER) | R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)                           \
    X(ENTRY_PROPOSE, R(BUREAU), DUTY_ANY, NOT_HAND_OVER)                                                     \
    X(ENTRY_ANSWER, R(PROVIDER), DUTY_ANY, NOT_HAND_OVER)                                                    \
    X(ENTRY_LIST, R(BUREAU), DUTY_APPROVER, NOT_HAND_OVER)                                                   \
    X(AUTHORISATION_READ, R(BUREAU) | R(PROVIDER) | R(OPERATOR) | R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)     \
    X(AUTHORISATION_DRAFT, R(PROVIDER), DUTY_ANY, NOT_HAND_OVER)                                             \
    X(AUTHORISATION_DECIDE, R(PROVIDER), DUTY_APPROVER, NOT_HAND_OVER)                                       \
    X(SELECTION_RUN, R(BUREAU), DUTY_ANY, NOT_HAND_OVER)                                                     \
    X(SELECTION_DECIDE, R(BUREAU), DUTY_APPROVER, NOT_HAND_OVER)                                             \
    X(SELECTION_APPLY, R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                                 \
    X(APPLICATION_READ, R(BUREAU) | R(PROVIDER) | R(OPERATOR) | R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)       \
    X(SELECTION_SCORE, R(BUREAU) | R(PROVIDER), DUTY_ANY, NOT_HAND_OVER)                                     \
    X(AGREEMENT_RUN, R(BUREAU), DUTY_ANY, NOT_HAND_OVER)                                                     \
    X(AGREEMENT_DECIDE, R(BUREAU), DUTY_APPROVER, NOT_HAND_OVER)                                             \
    X(AGREEMENT_SIGN, R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                                  \
    X(AGREEMENT_READ, R(BUREAU) | R(PROVIDER) | R(OPERATOR) | R(DEVELOPER) | R(REGULATOR) | R(GOVERNMENT),   \
      DUTY_ANY, NOT_HAND_OVER)                                                                               \
    X(HAND_OVER_READ, R(BUREAU) | R(OPERATOR) | R(REGULATOR), DUTY_ANY, HAND_OVER_TOO)                       \
    X(LOG_PURGE, R(AUDIT_ADMIN), DUTY_ANY, NOT_HAND_OVER)                                                    \
    X(ADMISSION_APPLY, R(DEVELOPER), DUTY_ANY, NOT_HAND_OVER)                                                \
    X(ADMISSION_READ, R(DEVELOPER) | R(OPERATOR) | R(BUREAU) | R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)        \
    X(ADMISSION_REVIEW, R(OPERATOR), DUTY_REVIEWER, NOT_HAND_OVER)                                           \
    X(ADMISSION_OFFER, R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                                 \
    X(ADMISSION_END, R(OPERATOR), DUTY_APPROVER, NOT_HAND_OVER)                                              \
    X(REQUEST_SUBMIT, R(DEVELOPER) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                   \
    X(REQUEST_READ, R(DEVELOPER) | R(OPERATOR) | R(PROVIDER) | R(BUREAU) | R(REGULATOR), DUTY_ANY,           \
      NOT_HAND_OVER)                                                                                         \
    X(REQUEST_REVIEW, R(OPERATOR), DUTY_REVIEWER, NOT_HAND_OVER)                                             \
    X(ROOM_RUN, R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                                        \
    X(ROOM_REVIEW, R(OPERATOR), DUTY_REVIEWER, NOT_HAND_OVER)                                                \
    X(ROOM_WORK, R(DEVELOPER) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                        \
    X(ROOM_READ, R(DEVELOPER) | R(OPERATOR) | R(BUREAU) | R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)             \
    X(PRODUCT_MAKE, R(DEVELOPER) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                     \
    X(PRODUCT_READ, R(DEVELOPER) | R(OPERATOR) | R(BUREAU) | R(REGULATOR), DUTY_ANY, NOT_HAND_OVER)          \
    X(PRODUCT_REVIEW, R(OPERATOR), DUTY_REVIEWER, NOT_HAND_OVER)                                             \
    X(PRODUCT_HANDLE, R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                                  \
    X(FILING_READ, R(BUREAU) | R(REGULATOR) | R(OPERATOR) | R(DEVELOPER), DUTY_ANY, NOT_HAND_OVER)           \
    X(ORDER_READ, R(CUSTOMER) | R(OPERATOR) | R(DEVELOPER) | R(BUREAU) | R(REGULATOR), DUTY_ANY,             \
      NOT_HAND_OVER)                                                                                         \
    X(PRODUCT_CALL, R(CUSTOMER), DUTY_ANY, NOT_HAND_OVER)                                                    \
    X(CONSENT_RECORD, R(CUSTOMER), DUTY_ANY, NOT_HAND_OVER)                                                  \
    X(CONSENT_WITHDRAW, R(PUBLIC) | R(CUSTOMER), DUTY_ANY, NOT_HAND_OVER)                                    \
    X(LEGAL_BASIS_END, R(CUSTOMER) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                   \
    X(PRICE_SET, R(DEVELOPER) | R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                        \
    X(BILL_MAKE, R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                                       \
    X(BILL_READ, R(CUSTOMER) | R(PROVIDER) | R(OPERATOR) | R(DEVELOPER) | R(BUREAU) | R(REGULATOR),          \
      DUTY_ANY, NOT_HAND_OVER)                                                                               \
    X(REVERSAL_REQUEST, R(OPERATOR), DUTY_ANY, NOT_HAND_OVER)                                                \
    X(REVERSAL_DECIDE, R(OPERATOR), DUTY_APPROVER, NOT_HAND_OVER)

enum permission {
    PERMISSION_UNSET, /* a route that names none: the program refuses to start */
#define X(symbol, roles, duty, hand_over) PERMISSION_##symbol,
    PERMISSION_LIST(X)
#undef X
        PERMISSION_COUNT
};

struct permission_row {
    const char *name;
    unsigned roles;
    enum duty duty;
    bool hand_over;
};
extern const struct permission_row permissions[PERMISSION_COUNT];
