// A thread that sleeps until work is asked for, or none.
#include "base/job.h"

enum mien_job_state mien_job_state(struct mien_job *j)
{
    pthread_mutex_lock(&j->monitor.mutex);
    enum mien_job_state s = j->state;
    pthread_mutex_unlock(&j->monitor.mutex);
    return s;
}

static void set_state(struct mien_job *j, enum mien_job_state s)
{
    pthread_mutex_lock(&j->monitor.mutex);
    if (j->state != MIEN_JOB_LEAVING) {
        j->state = s;
    }
    pthread_cond_broadcast(&j->monitor.cond);
    pthread_mutex_unlock(&j->monitor.mutex);
}

static void *work(void *arg)
{
    struct mien_job *j = arg;
    for (;;) {
        pthread_mutex_lock(&j->monitor.mutex);
        while (j->state != MIEN_JOB_ASKED && j->state != MIEN_JOB_LEAVING) {
            pthread_cond_wait(&j->monitor.cond, &j->monitor.mutex);
        }
        bool leaving = j->state == MIEN_JOB_LEAVING;
        pthread_mutex_unlock(&j->monitor.mutex);
        if (leaving) {
            return NULL;
        }
        j->run(j->arg);
        set_state(j, MIEN_JOB_DONE);
    }
}

bool mien_job_init(struct mien_job *j, const char *thread, void (*run)(void *), void *arg)
{
    *j = (struct mien_job){.run = run, .arg = arg};
    return mien_monitor_init(&j->monitor) &&
           (!thread || mien_thread_start(&j->thread, thread, work, j));
}

void mien_job_destroy(struct mien_job *j)
{
    if (j->thread.started) {
        set_state(j, MIEN_JOB_LEAVING);
        mien_thread_join(&j->thread);
    }
    mien_monitor_destroy(&j->monitor);
}

void mien_job_begin(struct mien_job *j)
{
    if (j->thread.started) {
        set_state(j, MIEN_JOB_ASKED);
    } else {
        j->run(j->arg);
        set_state(j, MIEN_JOB_DONE);
    }
}

void mien_job_end(struct mien_job *j)
{
    set_state(j, MIEN_JOB_IDLE);
}
