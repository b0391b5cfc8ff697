#include "keeper/running.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void running_init(struct running_register *all)
{
    (void)pthread_mutex_init(&all->lock, NULL);
    all->first = NULL;
}

void running_begin(struct running_register *all, struct running *running, const atomic_bool *asker_gone)
{
    *running = (struct running){.all = all, .asker_gone = asker_gone};
    (void)pthread_mutex_lock(&all->lock);
    running->next = all->first;
    all->first = running;
    (void)pthread_mutex_unlock(&all->lock);
}

static bool has_scope(const struct running *running, const char *scope)
{
    for (size_t i = 0; i < running->scope_count; i++)
        if (strcmp(running->scopes[i], scope) == 0)
            return true;
    return false;
}

void running_scope(struct running *running, const char *scope)
{
    (void)pthread_mutex_lock(&running->all->lock);
    if (!has_scope(running, scope)) {
        assert(running->scope_count < RUNNING_SCOPES && strlen(scope) < VAULT_NAME_SIZE);
        memcpy(running->scopes[running->scope_count++], scope, strlen(scope) + 1);
    }
    (void)pthread_mutex_unlock(&running->all->lock);
}

void running_end(struct running *running)
{
    (void)pthread_mutex_lock(&running->all->lock);
    for (struct running **at = &running->all->first; *at != NULL; at = &(*at)->next)
        if (*at == running) {
            *at = running->next;
            break;
        }
    (void)pthread_mutex_unlock(&running->all->lock);
    assert(running->job == NULL);
}

static bool is_cancelled(const struct running *running)
{
    return running->cancelled || atomic_load(running->asker_gone);
}

enum result running_job_begin(struct running *running, struct engine_job **ret_job)
{
    struct engine_job *job = engine_job_new();
    if (job == NULL)
        return RESULT_MEMORY;
    (void)pthread_mutex_lock(&running->all->lock);
    bool cancelled = is_cancelled(running);
    if (!cancelled)
        running->job = job;
    (void)pthread_mutex_unlock(&running->all->lock);
    if (cancelled) {
        engine_job_free(job);
        return RESULT_CANCELLED;
    }
    *ret_job = job;
    return RESULT_OK;
}

void running_job_end(struct running *running)
{
    (void)pthread_mutex_lock(&running->all->lock);
    struct engine_job *job = running->job;
    running->job = NULL;
    (void)pthread_mutex_unlock(&running->all->lock);
    engine_job_free(job);
}

enum result running_check(struct running *running)
{
    (void)pthread_mutex_lock(&running->all->lock);
    bool cancelled = is_cancelled(running);
    (void)pthread_mutex_unlock(&running->all->lock);
    return cancelled ? RESULT_CANCELLED : RESULT_OK;
}

static void stop(struct running *running)
{
    running->cancelled = true;
    if (running->job != NULL)
        engine_job_cancel(running->job);
}

size_t running_cancel(struct running_register *all, const char *scope)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&all->lock);
    for (struct running *running = all->first; running != NULL; running = running->next)
        if (has_scope(running, scope)) {
            stop(running);
            count++;
        }
    (void)pthread_mutex_unlock(&all->lock);
    return count;
}

void running_abandon(struct running_register *all, const atomic_bool *asker_gone)
{
    (void)pthread_mutex_lock(&all->lock);
    for (struct running *running = all->first; running != NULL; running = running->next)
        if (running->asker_gone == asker_gone)
            stop(running);
    (void)pthread_mutex_unlock(&all->lock);
}

int running_progress(struct running_register *all, const char *scope)
{
    int progress = -1;
    (void)pthread_mutex_lock(&all->lock);
    for (struct running *running = all->first; running != NULL; running = running->next)
        if (has_scope(running, scope) && running->job != NULL) {
            int thousandths = engine_job_progress(running->job);
            progress = thousandths < 0 ? -1 : thousandths / 10;
        }
    (void)pthread_mutex_unlock(&all->lock);
    return progress;
}
