// One piece of work at a time for a caller that does not wait for it: done by a thread of its own,
// or in line where results must not depend on time.
//
// Who owns what the work reads and writes follows from the state: ASKED, the thread; else the
// caller. Does not: queue (base/queue.h); share work between cores (base/pool.h).
#ifndef MIEN_BASE_JOB_H
#define MIEN_BASE_JOB_H

#include "base/thread.h"

enum mien_job_state { MIEN_JOB_IDLE, MIEN_JOB_ASKED, MIEN_JOB_DONE, MIEN_JOB_LEAVING };

struct mien_job {
    void (*run)(void *arg);
    void *arg;
    struct mien_thread thread;
    struct mien_monitor monitor; // guards `state`
    enum mien_job_state state;
};

// thread: its name, NULL: in line. run(arg) does the work. The job stays where it is until it is
// destroyed. False on failure (logged); it may be destroyed then too.
bool mien_job_init(struct mien_job *j, const char *thread, void (*run)(void *), void *arg);
// Waits for work that is under way. Accepts a zeroed object.
void mien_job_destroy(struct mien_job *j);
enum mien_job_state mien_job_state(struct mien_job *j);
// From IDLE: has the work done. In line it is DONE afterwards.
void mien_job_begin(struct mien_job *j);
void mien_job_end(struct mien_job *j); // from DONE, when its result was taken

#endif
