// The settings file: what is read, kept, changed and refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "live/config.h"
#include "live/files.h"
#include "live/presets.h"
#include "live/settings.h"
#include "run_tests.h"

static char dir[64], path[128];

static int set_up(void **state)
{
    snprintf(dir, sizeof(dir), "/tmp/mien-config-XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/sub/config", dir);
    return 0;
}

static int tear_down(void **state)
{
    char sub[128];
    snprintf(sub, sizeof(sub), "%s/sub", dir);
    unlink(path);
    rmdir(sub);
    rmdir(dir);
    return 0;
}

static void write_text(const char *text, size_t n)
{
    char sub[128];
    snprintf(sub, sizeof(sub), "%s/sub", dir);
    assert_true(mien_dir_make(sub));
    assert_true(mien_file_save(path, text, n));
}

static void starts_empty_and_remembers(void **state)
{
    struct mien_config c;
    assert_true(mien_config_load(&c, path));
    assert_null(mien_config_get(&c, "mode"));
    mien_config_set(&c, "mode", "shaded");
    mien_config_set_number(&c, "opacity", 0.5);
    mien_config_set(&c, "mirror", "yes");
    assert_true(mien_config_save(&c)); // makes the folder
    mien_config_destroy(&c);
    assert_true(mien_config_load(&c, path));
    int mode = 0;
    double opacity = 0;
    bool mirror = false;
    assert_true(mien_config_get_choice(&c, "mode", "wireframe|shaded", &mode));
    assert_true(mien_config_get_number(&c, "opacity", 0, 1, &opacity));
    assert_true(mien_config_get_bool(&c, "mirror", &mirror));
    assert_int_equal(mode, 1);
    assert_true(opacity == 0.5 && mirror);
    mien_config_destroy(&c);
    mien_config_destroy(&c);
}

static void keeps_what_it_does_not_know(void **state)
{
    static const char text[] = "# mine\n\nfuture-key = a = b\nmode=off\nmode = textured\nlast = 1";
    write_text(text, strlen(text));
    struct mien_config c;
    assert_true(mien_config_load(&c, path));
    assert_string_equal(mien_config_get(&c, "future-key"), "a = b");
    assert_string_equal(mien_config_get(&c, "mode"), "textured"); // the last one counts
    mien_config_set(&c, "mode", "textured");
    assert_false(c.changed);
    mien_config_set(&c, "mode", "shaded");
    mien_config_set(&c, "bad", "two\nlines");
    assert_true(mien_config_save(&c));
    mien_config_destroy(&c);
    size_t size;
    char *got = mien_file_read(path, 0, &size);
    assert_string_equal(got, "# mine\n\nfuture-key = a = b\nmode=off\nmode = shaded\nlast = 1\n");
    mien_free(got);
}

static void refuses_bad_values(void **state)
{
    static const char text[] = "opacity = 7\nfov = much\nmirror = perhaps\nmode = nothing\n"
                               "no equals sign\n= 3\nsp ace = 1\nfine = 2\nempty =\n";
    write_text(text, strlen(text));
    struct mien_config c;
    double x = -1;
    bool b = false;
    int i = -1;
    assert_true(mien_config_load(&c, path));
    assert_false(mien_config_get_number(&c, "opacity", 0, 1, &x));
    assert_false(mien_config_get_number(&c, "fov", 0, 170, &x));
    assert_false(mien_config_get_bool(&c, "mirror", &b));
    assert_false(mien_config_get_choice(&c, "mode", "a|b", &i));
    assert_null(mien_config_get(&c, "sp ace"));
    assert_string_equal(mien_config_get(&c, "empty"), "");
    assert_true(x == -1 && !b && i == -1);
    assert_true(mien_config_get_number(&c, "fine", 0, 9, &x) && x == 2);
    mien_config_destroy(&c);
}

static void leaves_a_broken_file_alone(void **state)
{
    static const char text[] = "MIEN\0\1\2\3 = 5\n";
    write_text(text, sizeof(text));
    struct mien_config c;
    assert_false(mien_config_load(&c, path));
    assert_null(mien_config_get(&c, "MIEN"));
    mien_config_set(&c, "mode", "off");
    assert_true(mien_config_save(&c)); // nothing done
    mien_config_destroy(&c);
    size_t size;
    char *got = mien_file_read(path, 0, &size);
    assert_int_equal(size, sizeof(text));
    mien_free(got);
    char *longer = mien_calloc(5000, 1);
    memset(longer, 'x', 4999);
    write_text(longer, 4999);
    assert_false(mien_config_load(&c, path));
    mien_config_destroy(&c);
    mien_free(longer);
}

// Faces are personal: what is written is for its owner alone, unless it is to be shared; a stricter
// mask stays.
static void what_is_written_is_private(void **state)
{
    static const struct {
        mode_t before;
        bool share;
        mode_t after;
    } cases[] = {{022, false, 077}, {022, true, 022}, {0, false, 077}, {0277, false, 0277}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mode_t own = umask(cases[i].before);
        mien_files_private(cases[i].share);
        assert_int_equal(umask(own), cases[i].after);
    }
}

// Another value than the present one, which the file and the row's range allow.
static void change(const struct mien_opt *r, const char *key)
{
    const char *text = !strcmp(key, "source")           ? "/dev/video7"
                       : !strcmp(key, "curve_channels") ? "yaw,pitch"
                                                        : "word";
    switch (r->type) {
    case MIEN_OPT_BOOL:
        *(bool *)r->value = !*(bool *)r->value;
        break;
    case MIEN_OPT_INT:
        *(int *)r->value += 3;
        break;
    case MIEN_OPT_CHOICE:
        *(int *)r->value = *(int *)r->value ? 0 : 1;
        break;
    case MIEN_OPT_FLOAT:
        *(double *)r->value = *(double *)r->value > 0.5 ? 0.25 : 0.75;
        break;
    default:
        *(const char **)r->value = text;
    }
}

static bool same(const struct mien_opt *a, const struct mien_opt *b)
{
    switch (a->type) {
    case MIEN_OPT_BOOL:
        return *(const bool *)a->value == *(const bool *)b->value;
    case MIEN_OPT_INT:
    case MIEN_OPT_CHOICE:
        return *(const int *)a->value == *(const int *)b->value;
    case MIEN_OPT_FLOAT:
        return *(const double *)a->value == *(const double *)b->value;
    default:
        return !strcmp(*(const char *const *)a->value, *(const char *const *)b->value);
    }
}

// Every setting of the file: what was changed is noted, alone, and comes back with its line.
static void every_setting_comes_back(void **state)
{
    static struct mien_settings before, now, again;
    const struct mien_session_options defaults = mien_settings_defaults();
    int n = 0;
    (void)state;
    for (int i = 0; i == 0 || before.row[i].name; i++) {
        struct mien_session_options a = defaults, b = defaults, back = defaults;
        struct mien_config c = {0};
        mien_settings_bind(&before, &a);
        mien_settings_bind(&now, &b);
        mien_settings_bind(&again, &back);
        const char *key = before.key[i];
        if (!key) {
            continue;
        }
        change(&now.row[i], key);
        mien_settings_note(&a, &b, &c);
        assert_int_equal(c.lines, 1);
        assert_int_equal(mien_config_line(&c, key), 1);
        mien_settings_load(&again, &back, &c);
        if (!mien_settings_recalled(&again, again.row[i].value) ||
            !same(&now.row[i], &again.row[i])) {
            fail_msg("%s does not come back: %s", key, c.line[0]);
        }
        assert_int_equal(again.origin[i].line, 1);
        mien_settings_destroy(&again);
        mien_config_destroy(&c);
        n++;
    }
    assert_true(n > 20);
}

// What is remembered can be changed while the program runs, by an action that takes such a value.
static void settings_name_their_actions(void **state)
{
    static struct mien_settings s;
    struct mien_session_options o = mien_settings_defaults();
    int live = 0;
    (void)state;
    mien_settings_bind(&s, &o);
    for (int i = 0; s.row[i].name; i++) {
        const struct mien_action_row *a = mien_action_at(s.action[i]);
        const char *name = *s.row[i].name ? s.row[i].name : s.key[i];
        if (!a && s.key[i]) {
            fail_msg("%s is remembered, but nothing changes it", name);
        }
        if (!a) {
            continue;
        }
        bool fits = s.row[i].type == MIEN_OPT_BOOL || s.row[i].type == MIEN_OPT_SWITCH
                        ? a->takes == MIEN_TAKES_NOTHING
                    : s.row[i].type == MIEN_OPT_CHOICE || s.row[i].type == MIEN_OPT_FLOAT
                        ? a->takes == MIEN_TAKES_NUMBER
                        : true;
        if (!fits) {
            fail_msg("%s takes another value than %s", name, a->name);
        }
        live++;
    }
    assert_true(live > 25);
}

// What a window shows is what the options say, and comes back from there, each from its own place.
static void shown_settings_come_back(void **state)
{
    static struct mien_show show; // large
    static struct mien_settings to, from;
    int n = 0;
    (void)state;
    for (int i = 0; i == 0 || to.row[i].name; i++) {
        struct mien_session_options a = mien_settings_defaults(), b = a;
        mien_settings_bind(&to, &a);
        mien_settings_bind(&from, &b);
        if (!to.shown[i]) {
            continue;
        }
        change(&to.row[i], to.key[i]);
        assert_false(same(&to.row[i], &from.row[i]));
        memset(&show, 0xff, sizeof(show));
        mien_settings_show(&a, &show);
        mien_settings_take(&show, &b);
        for (int k = 0; to.row[k].name; k++) {
            if (to.shown[k] && !same(&to.row[k], &from.row[k])) {
                fail_msg("%s is not shown as it is", to.key[k]);
            }
        }
        n++;
    }
    assert_true(n >= 12);
}

// The command line wins over the file, and it is known which of them said a value.
static void options_win(void **state)
{
    static struct mien_settings s;
    struct mien_session_options o = mien_settings_defaults();
    struct mien_config c = {0};
    const char *argv[] = {"live", "--mode", "uv", "--no-light", "--filter=2"}, *args[1];
    int nargs;
    (void)state;
    mien_config_set(&c, "mode", "shaded");
    mien_config_set(&c, "prop", "hat");
    mien_config_set(&c, "smoothing", "0");
    mien_config_set(&c, "source", "film.mp4");        // no camera
    mien_config_set(&c, "curve_channels", "nothing"); // no channel
    mien_settings_bind(&s, &o);
    const struct mien_command cmd = {
        .name = "live", .synopsis = "", .summary = "", .max_args = 1, .origin = s.origin};
    assert_int_equal(mien_args_parse(&cmd, s.row, 5, (char **)argv, args, &nargs), 0);
    mien_settings_load(&s, &o, &c);
    assert_true(mien_settings_given(&s, &o.mode) && !mien_settings_recalled(&s, &o.mode));
    assert_true(mien_settings_recalled(&s, &o.prop) && !mien_settings_given(&s, &o.prop));
    assert_true(mien_settings_given(&s, &o.light) && !o.light);
    assert_false(mien_settings_given(&s, &o.fov) || mien_settings_recalled(&s, &o.fov));
    assert_true(o.filter == 2);
    assert_string_equal(o.prop, "hat");
    assert_string_equal(o.source, "");
    assert_null(o.curves);
    assert_false(mien_settings_recalled(NULL, &o.prop));
    mien_settings_destroy(&s);
    mien_config_destroy(&c);
}

static void origins_are_shown(void **state)
{
    static const char text[] = "axes = yes\n\nmode = shaded\nopacity = 0.5\n";
    static struct mien_settings s;
    struct mien_session_options o = mien_settings_defaults();
    struct mien_config c;
    const char *argv[] = {"live", "--mode", "uv"}, *args[1];
    char *shown = NULL, want[200];
    int nargs;
    size_t size;
    write_text(text, sizeof(text) - 1);
    assert_true(mien_config_load(&c, path));
    mien_settings_bind(&s, &o);
    const struct mien_command cmd = {
        .name = "live", .synopsis = "", .summary = "", .max_args = 1, .origin = s.origin};
    assert_int_equal(mien_args_parse(&cmd, s.row, 3, (char **)argv, args, &nargs), 0);
    mien_settings_load(&s, &o, &c);
    FILE *f = open_memstream(&shown, &size);
    mien_settings_print(&s, f);
    fclose(f);
    assert_non_null(strstr(shown, "\nmode = uv                             # command line\n"));
    assert_non_null(strstr(shown, "\nfov = 0                               # default\n"));
    snprintf(want, sizeof(want), "\naxes = yes                            # %s:1\n", path);
    assert_non_null(strstr(shown, want));
    snprintf(want, sizeof(want), "\nopacity = 0.5                         # %s:4\n", path);
    assert_non_null(strstr(shown, want));
    free(shown);
    mien_settings_destroy(&s);
    mien_config_destroy(&c);
}

static void keys_are_bound(void **state)
{
    static const char text[] =
        "key.z = present\nkey.q = nothing\nkey.B = PRESET booth\nkey.w = set_mode 2\n"
        "key.x = dance\nkey.y = set_mode two\nkey.v = present now\nkey.space = mark_as tea time\n"
        "key.f5 = pause\n key.qq = quit\nkey.f6=hud\nkey.2 = hud\nkey. = hud\n#key.3 = hud\n";
    static struct mien_bindings b;
    struct mien_config c;
    struct mien_action a;
    bool on;
    write_text(text, sizeof(text) - 1);
    assert_true(mien_config_load(&c, path));
    assert_int_equal(mien_bindings_load(&b, &c), 7); // x, y, v; qq, f6, 2, none
    assert_int_equal(b.count, 6);
    assert_true(mien_binding_of(&b, 'z', &on, &a) && on && a.id == MIEN_ACTION_PRESENT);
    assert_true(mien_binding_of(&b, 'q', &on, &a) && !on);
    assert_true(mien_binding_of(&b, 'B', &on, &a) && on && a.id == MIEN_ACTION_PRESET);
    assert_string_equal(a.text, "booth");
    assert_true(mien_binding_of(&b, 'w', &on, &a) && a.id == MIEN_ACTION_SET_MODE &&
                (int)a.number == 2);
    assert_true(mien_binding_of(&b, ' ', &on, &a) && a.id == MIEN_ACTION_MARK_AS);
    assert_string_equal(a.text, "tea time");
    assert_false(mien_binding_of(&b, 'x', &on, &a) || mien_binding_of(&b, 'y', &on, &a) ||
                 mien_binding_of(&b, 'v', &on, &a) || mien_binding_of(NULL, 'z', &on, &a));
    mien_config_destroy(&c);
}

// Every setting of a preset that comes with mien is one that there is, and can be used.
static void presets_are_of_settings(void **state)
{
    char name[MIEN_PRESET_NAME], file[1200];
    setenv("XDG_CONFIG_HOME", dir, 1);
    int n = 0;
    for (; mien_preset_name(n, name); n++) {
        struct mien_session_options o = mien_settings_defaults();
        struct mien_settings s;
        struct mien_config c;
        assert_true(mien_preset_path(name, file, sizeof(file)));
        assert_true(mien_config_load(&c, file));
        mien_settings_bind(&s, &o);
        mien_settings_load(&s, &o, &c);
        for (int i = 0; i < c.lines; i++) {
            char key[64] = "";
            if (sscanf(c.line[i], " %63[a-z_] =", key) != 1) {
                continue;
            }
            bool taken = !mien_config_get(&c, key)[0];
            for (int k = 0; s.row[k].name; k++) {
                taken = taken ||
                        (s.key[k] && !strcmp(s.key[k], key) && s.origin[k].from == MIEN_FROM_FILE);
            }
            if (!taken) {
                fail_msg("%s: %s", file, c.line[i]);
            }
        }
        mien_settings_destroy(&s);
        mien_config_destroy(&c);
    }
    assert_true(n >= 3);
    assert_false(mien_preset_path("../config", file, sizeof(file)));
    assert_false(mien_preset_path("none", file, sizeof(file)));
    assert_false(mien_preset_own_path("a b", file, sizeof(file)) ||
                 mien_preset_own_path("", file, sizeof(file)));
    assert_true(mien_preset_own_path("mine", file, sizeof(file)));
    unsetenv("XDG_CONFIG_HOME");
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(what_is_written_is_private),
          cmocka_unit_test(every_setting_comes_back), cmocka_unit_test(settings_name_their_actions),
          cmocka_unit_test(shown_settings_come_back), cmocka_unit_test(options_win),
          cmocka_unit_test_setup_teardown(starts_empty_and_remembers, set_up, tear_down),
          cmocka_unit_test_setup_teardown(origins_are_shown, set_up, tear_down),
          cmocka_unit_test_setup_teardown(keys_are_bound, set_up, tear_down),
          cmocka_unit_test_setup_teardown(presets_are_of_settings, set_up, tear_down),
          cmocka_unit_test_setup_teardown(keeps_what_it_does_not_know, set_up, tear_down),
          cmocka_unit_test_setup_teardown(refuses_bad_values, set_up, tear_down),
          cmocka_unit_test_setup_teardown(leaves_a_broken_file_alone, set_up, tear_down))
