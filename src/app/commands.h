// The subcommands of `mien`, one file each: cmd_<name>.c.
//
// They live in three programs beside one another, so that each starts with the libraries that it
// needs: `mien` itself, `mien-live` with window and OpenGL, `mien-train` with what learns. `mien`
// hands over to the others (exec), which take the same arguments.
#ifndef MIEN_APP_COMMANDS_H
#define MIEN_APP_COMMANDS_H

// Each gets argv with argv[0] = the subcommand's name; returns the exit status: 0 done, 1 a
// run-time failure that was explained, 2 a mistake in options or an unusable file.
typedef int (*mien_cmd_fn)(int argc, char **argv);

struct mien_command_row {
    const char *name;
    mien_cmd_fn run;
};
// Runs the command that argv[1] names (without one, or with an option first: "live"), or hands over
// to the program that has it. rows: what this program has, ended by a row without a name.
int mien_commands_run(const struct mien_command_row *rows, int argc, char **argv);

int mien_cmd_live(int argc, char **argv);
int mien_cmd_image(int argc, char **argv);
int mien_cmd_head(int argc, char **argv);
int mien_cmd_video(int argc, char **argv);
int mien_cmd_cameras(int argc, char **argv);
int mien_cmd_model(int argc, char **argv);
int mien_cmd_synth(int argc, char **argv);
int mien_cmd_prepare(int argc, char **argv);
int mien_cmd_train(int argc, char **argv);
int mien_cmd_study(int argc, char **argv);
int mien_cmd_train_detect(int argc, char **argv); // `train detect …`, argv[0] = "detect"
int mien_cmd_eval(int argc, char **argv);
int mien_cmd_eval_detect(int argc, char **argv); // `eval detect …`, argv[0] = "detect"
int mien_cmd_bench(int argc, char **argv);

#endif
