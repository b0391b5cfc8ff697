/* What the attack tests report, so that docs/security/attacks.md is made by them and by nobody's hand.
 *
 * A test that tried an attack and saw it stopped says so; a line is added to the file CHAPTER.tsv in the
 * folder that DUKOU_ATTACKS names (nothing happens without it). tools/report_attacks.py prints the page.
 * Lines must be the same in every run: no time, number of a process, address or path of one machine. */
#pragma once

struct attack {
    const char *chapter; /* "jail", "sql", "files", "http", "keeper", …: a part of the page */
    const char *name;    /* unique in its chapter: "open_etc_shadow" */
    const char *tried;   /* one sentence in English, present tense: "opens /etc/shadow" */
    const char *stopped; /* the layer that stopped it: "seccomp", "gate", "guard: guard_key_only_joins" */
    const char *seen;    /* how that showed: "EACCES", "killed by SIGSYS", "403" */
};

void attack_stopped(const struct attack *attack);
