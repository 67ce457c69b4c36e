// Every table of what there is, against the documents and against itself. What a row does is tested
// where it is done: outputs in test_sinks_files.c, modes in test_view.c, keys in test_live.c, tasks
// in test_learn_trainer.c.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "learn/loss.h"
#include "view/actions.h"
#include "view/modes.h"
#include "view/prop.h"
#include "words_scene.h"
#include "run_tests.h"

static char *guides, *man;

static int set_up(void **state)
{
    size_t size;
    guides = read_guides();
    man = mien_file_read("assets/mien.1", 1 << 20, &size);
    return guides && man ? 0 : -1;
}

static int tear_down(void **state)
{
    mien_free(guides);
    mien_free(man);
    return 0;
}

static void documents_name(const char *what, const char *name)
{
    if (!names_word(guides, name)) {
        fail_msg("neither README.md nor its pages in assets/doc name the %s %s", what, name);
    }
    if (!names_word(man, name)) {
        fail_msg("assets/mien.1 does not name the %s %s (run assets/dev/make_docs.py)", what, name);
    }
}

static void modes_are_documented(void **state)
{
    const char *p = MIEN_VIEW_MODE_NAMES;
    for (int m = 0; m < MIEN_VIEW_MODES; m++) {
        const struct mien_view_mode_row *row = mien_view_mode_at(m);
        size_t n = strlen(row->name);
        documents_name("mode", row->name);
        assert_true(row->label && row->word && row->what);
        assert_int_equal(strncmp(p, row->name, n), 0); // options count in the table's order
        p += n + (p[n] == '|');
        char path[300];
        if (row->shader) {
            snprintf(path, sizeof(path), "shaders/%s", row->shader);
            assert_true(mien_file_exists(path));
        }
    }
    assert_int_equal(*p, 0);
    assert_null(mien_view_mode_at(MIEN_VIEW_MODES));
}

// The sheet says every key, and a key means one thing.
static void sheet_names_every_key(void **state)
{
    static char sheet[8000];
    const char *shown, *said;
    char text[MIEN_KEY_TEXT];
    for (int i = 0; (said = mien_key_line(i, &shown, text)); i++) {
        size_t n = strlen(sheet);
        snprintf(sheet + n, sizeof(sheet) - n, " %s ; %s ;", shown, said);
    }
    for (int a = 0; a < MIEN_ACTIONS; a++) {
        const struct mien_action_row *row = mien_action_at(a);
        struct mien_action of_key;
        assert_true(row->name && row->words);
        if (!row->character) {
            continue; // menus and scripts alone ask for it
        }
        if (!names_word(sheet, row->label)) {
            fail_msg("the sheet of keys does not say what %s does", row->label);
        }
        assert_true(mien_action_of_key(row->character, &of_key));
        assert_int_equal(of_key.id, a);
        assert_true(!row->shown == !row->text);
    }
    assert_null(mien_action_at(MIEN_ACTIONS));
    struct mien_action five;
    assert_true(mien_action_of_key('5', &five));
    assert_true(five.id == MIEN_ACTION_FACES && five.number == 5);
    struct mien_action none;
    assert_false(mien_action_of_key('9', &none) || mien_action_of_key(0, &none));
}

static void anchors_have_names(void **state)
{
    for (int a = 0; a < MIEN_ANCHORS; a++) {
        assert_true(strlen(mien_anchor_name(a)) > 2);
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(mien_anchor_name(a), mien_anchor_name(b));
        }
    }
    assert_null(mien_anchor_name(MIEN_ANCHORS));
}

static void tasks_are_documented(void **state)
{
    char all[MIEN_TASK_LIST], led[MIEN_TASK_LIST];
    mien_task_list(true, all);
    mien_task_list(false, led);
    for (int t = 0; t < MIEN_TASKS; t++) {
        if (!names_word(man, mien_task_name(t))) {
            fail_msg("assets/mien.1 does not name the task %s", mien_task_name(t));
        }
        assert_true(names_word(all, mien_task_name(t)));
        assert_int_equal(names_word(led, mien_task_name(t)), !mien_task_at(t)->led_by);
        for (int o = 0; o < t; o++) {
            assert_string_not_equal(mien_task_name(o), mien_task_name(t));
        }
    }
    assert_int_equal(mien_task_find("nose"), -1);
}

// Of a folder: files that begin with `before` and end with `after` are named by what is between.
static int folder_is_documented(const char *folder, const char *before, const char *after)
{
    DIR *d = opendir(folder);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        size_t length = strlen(e->d_name), a = strlen(before), b = strlen(after);
        char name[300];
        if (length > a + b && !strncmp(e->d_name, before, a) &&
            !strcmp(e->d_name + length - b, after)) {
            snprintf(name, sizeof(name), "%.*s", (int)(length - a - b), e->d_name + a);
            documents_name(folder, name);
            n++;
        }
    }
    closedir(d);
    return n;
}

static void networks_and_props_are_documented(void **state)
{
    assert_true(folder_is_documented("models", "face-", ".net") >= 1);
    int props = folder_is_documented("assets/props", "", ".glb") +
                folder_is_documented("assets/props", "", ".png");
    assert_true(props >= 6);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(modes_are_documented),
          cmocka_unit_test(sheet_names_every_key), cmocka_unit_test(anchors_have_names),
          cmocka_unit_test(tasks_are_documented),
          cmocka_unit_test(networks_and_props_are_documented))
