// `mien study`: runs the trainings of a config one after the other and tabulates the results.
//
// Each training is a `mien train` of its own (a child process), so what a study runs is what anyone
// can run by hand; a finished one leaves a file `done` with its options and is skipped next time.
#include "app/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "learn/study.h"

enum { DEFINES = 32, ARGS = MIEN_STUDY_OPTIONS + 16 };

// The options of a run in one line: what `done` says.
static void describe(char *const *argv, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (int i = 0; argv[i] && at + 1 < size; i++) {
        int n = snprintf(out + at, size - at, "%s%s", i ? " " : "", argv[i]);
        at += n > 0 ? (size_t)n : 0;
    }
}

static bool is_done(const char *mark, const char *options)
{
    size_t size = 0;
    if (!mien_file_exists(mark)) {
        return false;
    }
    char *text = mien_file_read(mark, 1 << 16, &size);
    bool same = text && !strcmp(text, options);
    mien_free(text);
    return same;
}

// Runs the program with argv, its messages into `log`. Returns the exit status, -1 when it could
// not be started or was killed.
static int run_child(char *const *argv, const char *log)
{
    pid_t pid = fork();
    if (pid < 0) {
        mien_error("cannot start a training: %s", strerror(errno));
        return -1;
    }
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd >= 0) {
            dup2(fd, STDERR_FILENO);
            dup2(fd, STDOUT_FILENO);
        }
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    int status = 0;
    bool told = false;
    for (;;) {
        if (mien_stop_asked() && !told) {
            kill(pid, SIGTERM); // Ctrl-C reaches it anyway; a signal to this process does not
            told = true;
        }
        if (waitpid(pid, &status, 0) == pid) {
            break;
        }
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// False when the study should end: a stop or a failed training (*failed).
static bool train(const struct mien_study_run *r, int seed, const char *out, bool *failed)
{
    char folder[1024], mark[1100], log[1100], seed_text[16], options[16384];
    char *argv[ARGS];
    int n = 0;
    mien_study_folder(r, seed, out, folder, sizeof(folder));
    snprintf(mark, sizeof(mark), "%s/done", folder);
    snprintf(log, sizeof(log), "%s/train.log", folder);
    snprintf(seed_text, sizeof(seed_text), "%d", r->seed[seed]);
    argv[n++] = (char *)"mien";
    argv[n++] = (char *)"train";
    char replaced[4][1200]; // options that name the seed
    int used = 0;
    for (int i = 0; i < r->options; i++) {
        const char *at = strstr(r->option[i], "{seed}");
        argv[n++] = r->option[i];
        if (at && used < 4) {
            snprintf(replaced[used], sizeof(replaced[used]), "%.*s%s%s", (int)(at - r->option[i]),
                     r->option[i], seed_text, at + 6);
            argv[n - 1] = replaced[used++];
        }
    }
    argv[n++] = (char *)"--seed";
    argv[n++] = seed_text;
    argv[n] = NULL;
    describe(argv, options, sizeof(options));
    if (is_done(mark, options)) {
        mien_info("%s, seed %s: finished before", r->name, seed_text);
        return true;
    }
    // A checkpoint of other options is not gone on from.
    char begun[1100];
    snprintf(begun, sizeof(begun), "%s/options", folder);
    bool resume = is_done(begun, options);
    if (!mien_dir_make(folder) || (unlink(mark) != 0 && errno != ENOENT) ||
        !mien_file_save(begun, options, strlen(options))) {
        *failed = true;
        return false;
    }
    argv[n++] = (char *)"--out";
    argv[n++] = folder;
    if (resume) {
        argv[n++] = (char *)"--resume";
    }
    argv[n] = NULL;
    mien_info("%s, seed %s: training%s", r->name, seed_text, resume ? " goes on" : "");
    int status = run_child(argv, log);
    if (mien_stop_asked()) {
        return false;
    }
    if (status != 0) {
        mien_error("%s, seed %s: training failed with exit status %d; see %s", r->name, seed_text,
                   status, log);
        *failed = true;
        return false;
    }
    *failed = !mien_file_save(mark, options, strlen(options));
    return !*failed;
}

struct options {
    const char *out;
    bool list, tables;
    struct mien_opt_list define; // "NAME=VALUE"
};

// All trainings, one after the other, those that are finished left out. False: one failed.
static bool run_all(const struct mien_study *s, const char *out)
{
    bool failed = false, go_on = true;
    mien_stop_install();
    for (int i = 0; i < s->runs && go_on; i++) {
        for (int k = 0; k < s->run[i].seeds && go_on; k++) {
            go_on = train(&s->run[i], k, out, &failed) && !mien_stop_asked();
        }
    }
    return !failed;
}

static void print_commands(const struct mien_study *s)
{
    for (int i = 0; i < s->runs; i++) {
        for (int k = 0; k < s->run[i].seeds; k++) {
            printf("mien train");
            for (int o = 0; o < s->run[i].options; o++) {
                printf(" %s", s->run[i].option[o]);
            }
            printf(" --seed %d  # %s\n", s->run[i].seed[k], s->run[i].name);
        }
    }
}

// Tables and pictures of what is finished.
static bool write_tables(struct mien_study *s, const char *out)
{
    int total = 0, done = 0;
    mien_study_collect(s, out);
    bool ok = mien_study_write(s, out);
    for (int i = 0; i < s->runs; i++) {
        total += s->run[i].seeds;
        for (int k = 0; k < s->run[i].seeds; k++) {
            done += s->run[i].done[k];
        }
    }
    mien_info("%s: tables and pictures of %d of %d trainings%s", out, done, total,
              mien_stop_asked() ? "; stopped: the same command resumes it" : "");
    return ok;
}

static int run_study(const char *config, struct options *o)
{
    char folder[1100];
    snprintf(folder, sizeof(folder), "OUT=%s", o->out ? o->out : "DIR");
    o->define.item[o->define.count++] = folder;
    struct mien_study *s = mien_calloc(1, sizeof(*s));
    int status = 2;
    if (s && mien_study_load(s, config, o->define.item, o->define.count)) {
        if (o->list) {
            print_commands(s);
            status = 0;
        } else if (mien_dir_make(o->out)) {
            bool ok = o->tables || run_all(s, o->out);
            status = write_tables(s, o->out) && ok ? 0 : 1;
        }
        mien_study_destroy(s);
    }
    mien_free(s);
    return status;
}

int mien_cmd_study(int argc, char **argv)
{
    const char *define[DEFINES + 1];
    struct options o = {.define = {define, DEFINES, 0}}; // and one that is ours
    const struct mien_opt opts[] = {
        {"out", 'o', MIEN_OPT_FIELD(&o.out), "DIR", "folder for runs, tables and pictures", 0, 0},
        {"set", 0, MIEN_OPT_FIELD(&o.define), "NAME=VALUE",
         "value of $NAME in the config; may be repeated", 0, 0},
        {"list", 0, MIEN_OPT_FIELD(&o.list), NULL, "only print the runs' commands", 0, 0},
        {"tables", 0, MIEN_OPT_FIELD(&o.tables), NULL, "only write the tables of finished runs", 0,
         0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "study",
        .synopsis = "CONFIG --out DIR [--set NAME=VALUE…] [options]",
        .summary = "run the trainings of a config (assets/study/*.txt) and tabulate the results; "
                   "learn/study.h documents the format and the figures",
        .example = "mien study assets/study/weighting.txt --set PACKS=packs --out study\n"
                   "mien study assets/study/weighting.txt --set PACKS=packs --out study --tables",
        .min_args = 1,
        .max_args = 1,
    };
    const char *config = NULL;
    int nargs = 0, status = mien_args_parse(&cmd, opts, argc, argv, &config, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (!o.out && !o.list) {
        mien_error("study needs --out DIR; see `mien study --help`");
        return 2;
    }
    return run_study(config, &o);
}
