// The live thread graph with stand-ins for camera and engine: who gets which frame, what is dropped
// and counted, how it ends; and that nothing is allocated while it runs.
//
// How allocation is counted: the linker redirects every call of the allocating functions that
// mien's own objects make (--wrap) to a counter; calls inside shared libraries (Mesa, SDL, FFmpeg)
// are not redirected and so not counted. OpenGL objects are counted at the functions that make
// them.

// clang-format off
// LINK: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign,--wrap=aligned_alloc
// LINK: -Wl,--wrap=reallocarray,--wrap=strdup,--wrap=asprintf,--wrap=fopen,--wrap=glGenTextures,--wrap=glTexImage2D
// clang-format on
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <GL/glew.h>
#include <SDL2/SDL.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "live/live.h"
#include "live/live_out.h"
#include "live/live_show.h"
#include "patience.h"
#include "view/actions.h"
#include "run_tests.h"

static atomic_bool counting;
static atomic_int allocations, gl_objects;

void *__real_malloc(size_t n);
void *__real_calloc(size_t a, size_t b);
void *__real_realloc(void *p, size_t n);
int __real_posix_memalign(void **p, size_t a, size_t n);
void *__real_aligned_alloc(size_t a, size_t n);
void *__real_reallocarray(void *p, size_t a, size_t b);
char *__real_strdup(const char *s);
FILE *__real_fopen(const char *path, const char *mode);
void __real_glGenTextures(GLsizei n, GLuint *t);
void __real_glTexImage2D(GLenum a, GLint b, GLint c, GLsizei w, GLsizei h, GLint d, GLenum e,
                         GLenum f, const void *p);

// What a thread that no frame waits for takes, is its own affair.
static void count(void)
{
    char name[16] = "";
    if (counting) {
        pthread_getname_np(pthread_self(), name, sizeof(name));
        allocations += strcmp(name, "mien-refine") != 0;
    }
}

void *__wrap_malloc(size_t n)
{
    count();
    return __real_malloc(n);
}

void *__wrap_calloc(size_t a, size_t b)
{
    count();
    return __real_calloc(a, b);
}

void *__wrap_realloc(void *p, size_t n)
{
    count();
    return __real_realloc(p, n);
}

int __wrap_posix_memalign(void **p, size_t a, size_t n)
{
    count();
    return __real_posix_memalign(p, a, n);
}

void *__wrap_aligned_alloc(size_t a, size_t n)
{
    count();
    return __real_aligned_alloc(a, n);
}

void *__wrap_reallocarray(void *p, size_t a, size_t b)
{
    count();
    return __real_reallocarray(p, a, b);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
    count();
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(out, format, ap);
    va_end(ap);
    return n;
}

char *__wrap_strdup(const char *s)
{
    count();
    return __real_strdup(s);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    count();
    return __real_fopen(path, mode);
}

void __wrap_glGenTextures(GLsizei n, GLuint *t)
{
    gl_objects += counting;
    __real_glGenTextures(n, t);
}

void __wrap_glTexImage2D(GLenum a, GLint b, GLint c, GLsizei w, GLsizei h, GLint d, GLenum e,
                         GLenum f, const void *p)
{
    gl_objects += counting;
    __real_glTexImage2D(a, b, c, w, h, d, e, f, p);
}

static PFNGLGENBUFFERSPROC real_gen_buffers;
static PFNGLBUFFERDATAPROC real_buffer_data;
static PFNGLCREATESHADERPROC real_create_shader;
static PFNGLGENVERTEXARRAYSPROC real_gen_arrays;

static void GLAPIENTRY my_gen_buffers(GLsizei n, GLuint *b)
{
    gl_objects += counting;
    real_gen_buffers(n, b);
}

static void GLAPIENTRY my_buffer_data(GLenum t, GLsizeiptr n, const void *p, GLenum u)
{
    gl_objects += counting;
    real_buffer_data(t, n, p, u);
}

static GLuint GLAPIENTRY my_create_shader(GLenum t)
{
    gl_objects += counting;
    return real_create_shader(t);
}

static void GLAPIENTRY my_gen_arrays(GLsizei n, GLuint *a)
{
    gl_objects += counting;
    real_gen_arrays(n, a);
}

// A camera made of arithmetic: frame i is filled with the byte i.
struct feed {
    int total;         // frames, then `end`
    int64_t period_ns; // between frames; 0 = as fast as asked
    enum mien_source_status end;
    int width, height;
    int next;
    int64_t due_ns;
    int64_t longest_ns; // that a read was told to wait
};

static atomic_int fed; // frames of the feed, in all

static enum mien_source_status feed_read(void *arg, struct mien_payload *p, int64_t deadline_ns)
{
    struct feed *f = arg;
    int64_t wait_ns = deadline_ns - mien_now_ns();
    f->longest_ns = wait_ns > f->longest_ns ? wait_ns : f->longest_ns;
    if (f->next >= f->total) {
        if (f->end == MIEN_SOURCE_LOST || f->end == MIEN_SOURCE_TIMEOUT) {
            mien_sleep_until_ns(deadline_ns);
        }
        return f->end;
    }
    int64_t now = mien_now_ns();
    f->due_ns = f->due_ns ? f->due_ns + f->period_ns : now;
    mien_sleep_until_ns(f->due_ns);
    size_t size = (size_t)f->width * (size_t)f->height * 3;
    if (p->capacity < size) {
        mien_free(p->data);
        p->data = mien_calloc(size, 1);
        p->capacity = size;
    }
    p->kind = MIEN_PAYLOAD_RGB;
    p->width = f->width;
    p->height = f->height;
    p->stride = (size_t)f->width * 3;
    p->size = size;
    memset(p->data, f->next & 255, size);
    p->capture_ns = f->due_ns;
    p->media_ns = (int64_t)f->next * 33333333;
    p->index = (uint64_t)f->next++;
    fed = f->next;
    return MIEN_SOURCE_OK;
}

static int cheap = 0, dear = 5; // frames that come meanwhile
enum { slow_total = 150 };

// An engine that says which picture it saw.
static bool look(void *arg, const struct mien_image *im, int64_t t, struct mien_result *out)
{
    const int *cost = arg;
    memset(out, 0, sizeof(*out));
    out->width_px = im->width;
    out->height_px = im->height;
    out->camera = mien_camera_make(im->width, im->height, 0);
    out->times.capture_ns = t;
    out->times.network_ns = 1000000;
    struct mien_face_result *f = &out->face[0];
    out->count = 1;
    f->id = 1;
    f->confidence = im->data[0];
    mien_pose_from_angles((float)(im->data[0] % 60) - 30, 5, 0, f->pose.R);
    f->pose.t[2] = -550;
    f->box_px[0] = f->box_px[1] = 20;
    f->box_px[2] = f->box_px[3] = 200;
    f->landmark_count = 50;
    f->blendshape[MIEN_BS_JAW_OPEN] = (float)(im->data[0] % 10) / 10;
    f->expression[0] = 1;
    for (int until = fed + *cost; fed < until && fed < slow_total;) { // so many frames long
        mien_sleep_until_ns(mien_now_ns() + MIEN_NS_PER_MS);
    }
    return true;
}

static struct mien_live *open_live(struct feed *f, int *cost, bool every, uint64_t frames)
{
    f->width = f->width ? f->width : 32;
    f->height = f->height ? f->height : 24;
    struct mien_live *l = mien_live_open(&(struct mien_live_config){.read = feed_read,
                                                                    .read_arg = f,
                                                                    .infer = look,
                                                                    .infer_arg = cost,
                                                                    .every_frame = every,
                                                                    .frames = frames});
    assert_non_null(l);
    assert_true(mien_live_start(l));
    return l;
}

static int64_t soon(void)
{
    return mien_now_ns() + 50 * MIEN_NS_PER_MS;
}

static void every_frame_arrives_in_order(void **state)
{
    struct feed f = {.total = 120, .end = MIEN_SOURCE_END};
    struct mien_live *l = open_live(&f, &cheap, true, 0);
    int n = 0, marked = 0;
    int64_t limit = patience_ns();
    while (!mien_live_ended(l) && mien_now_ns() < limit) {
        struct mien_shot *s = mien_live_take(l, soon());
        if (!s) {
            continue;
        }
        if (s->result.mark) { // on one frame, the next that is looked at
            assert_int_equal(s->result.mark, 1);
            assert_string_equal(s->result.mark_text, "begins");
            assert_in_range(n, 51, 54);
            marked++;
        }
        if (n == 50) {
            assert_int_equal(mien_live_mark(l, "begins", 0), 1);
        }
        assert_int_equal(s->result.frame, n);
        assert_int_equal(s->picture.data[0], n & 255); // the very picture
        assert_true(s->result.face[0].confidence == (float)(n & 255));
        assert_true(s->result.times.capture_ns == s->media_ns); // the file's own time
        if (n++ % 10 == 0) {
            mien_sleep_until_ns(mien_now_ns() + 3 * MIEN_NS_PER_MS); // a slow display loses nothing
        }
    }
    assert_int_equal(n, 120);
    assert_int_equal(marked, 1);
    struct mien_live_counts c;
    mien_live_counts(l, &c);
    assert_int_equal(c.dropped, 0);
    assert_int_equal(c.captured, 120);
    assert_false(mien_live_failed(l));
    mien_live_close(l);
}

static void newest_wins_and_drops_are_counted(void **state)
{
    struct feed f = {.total = slow_total, .period_ns = 2 * MIEN_NS_PER_MS, .end = MIEN_SOURCE_END};
    struct mien_live *l = open_live(&f, &dear, false, 0);
    int shots = 0;
    uint64_t last = 0;
    int64_t limit = patience_ns();
    while (!mien_live_ended(l) && mien_now_ns() < limit) {
        struct mien_shot *s = mien_live_take(l, soon());
        if (s) {
            assert_true(shots == 0 || s->result.frame > last);
            assert_int_equal(s->picture.data[0], s->result.frame & 255);
            last = s->result.frame;
            shots++;
        }
    }
    struct mien_live_counts c;
    mien_live_counts(l, &c);
    assert_int_equal(c.captured, slow_total);
    assert_true(c.dropped > 50);
    assert_int_equal((uint64_t)shots + c.dropped, c.captured); // each frame is shown or counted
    assert_int_equal(last, slow_total - 1);                    // the last one is never lost
    mien_live_close(l);
}

static void ends_after_its_frames(void **state)
{
    struct feed f = {.total = 1 << 30, .end = MIEN_SOURCE_END};
    struct mien_live *l = open_live(&f, &cheap, true, 25);
    int n = 0;
    while (!mien_live_ended(l)) {
        n += mien_live_take(l, soon()) != NULL;
    }
    assert_int_equal(n, 25);
    mien_live_close(l);
}

static void failure_is_told(void **state)
{
    struct feed f = {.total = 3, .end = MIEN_SOURCE_FAILED};
    struct mien_live *l = open_live(&f, &cheap, true, 0);
    int n = 0;
    int64_t limit = patience_ns();
    while (!mien_live_ended(l) && mien_now_ns() < limit) {
        n += mien_live_take(l, soon()) != NULL;
    }
    assert_int_equal(n, 3); // what came before is shown
    assert_true(mien_live_failed(l));
    mien_live_close(l);
}

// The camera has gone for good, or hangs, or floods: stopping ends all the same, since no read is
// given long.
static void stops_in_time_whatever_the_camera_does(void **state)
{
    static const struct feed feeds[] = {
        {.total = 5, .end = MIEN_SOURCE_LOST},
        {.total = 5, .end = MIEN_SOURCE_TIMEOUT},
        {.total = 0, .end = MIEN_SOURCE_LOST},
        {.total = 1 << 30, .end = MIEN_SOURCE_END},
    };
    for (size_t i = 0; i < 2 * MIEN_COUNT(feeds); i++) {
        struct feed f = feeds[i / 2];
        struct mien_live *l = open_live(&f, &cheap, i % 2, 0);
        for (int k = 0; k < 3; k++) {
            mien_live_take(l, soon());
        }
        assert_false(mien_live_ended(l)); // a lost camera may come back
        mien_live_stop(l);
        mien_live_close(l);
        assert_true(f.longest_ns < MIEN_NS_PER_S);
    }
    mien_live_close(NULL);
}

static void outputs_are_checked(void **state)
{
    struct mien_why why = {0};
    assert_true(mien_live_out_check("jsonl:a.jsonl,md5,null", &why));
    assert_true(mien_live_out_check(NULL, &why));
    assert_false(mien_live_out_check("jsn:a", &why));
    assert_true(*why.text);
    assert_false(
        mien_live_out_check("null,null,null,null,null,null,null,null,null,null,null,null,null,"
                            "null,null,null,null",
                            &why));
    assert_true(mien_live_out_uses_stdout("null,md5"));
    assert_false(mien_live_out_uses_stdout("null,md5:x"));
}

static void publish(void *arg, const struct mien_shot *s)
{
    mien_live_out_result(arg, &s->result, "test");
}

// Capture, inference, drawing with everything on, and a sink: after the first frames nothing in
// mien's own code allocates or makes an OpenGL object.
static void run_counted(const struct mien_live_config *base, const struct mien_face_model *model,
                        int frames)
{
    struct mien_live_out *out = mien_live_out_open(
        &(struct mien_live_out_config){.sinks = "null", .width_px = 64, .height_px = 64});
    assert_non_null(out);
    struct mien_live_config c = *base;
    c.result = publish;
    c.result_arg = out;
    struct mien_live *l = mien_live_open(&c);
    assert_non_null(l);
    static struct mien_show show;
    struct mien_show_config sc = {
        .title = "test",
        .model = model ? model : mien_live_model(l),
        .picture_w = 320,
        .picture_h = 240,
        .headless = true,
        .settings = {
            .hud = MIEN_HUD_FULL, .bars = true, .axes = true, .points = true, .head = true}};
    if (!mien_show_open(&show, &sc)) {
        mien_live_close(l);
        mien_live_out_close(out, NULL);
        skip();
    }
    real_gen_buffers = __glewGenBuffers;
    real_buffer_data = __glewBufferData;
    real_create_shader = __glewCreateShader;
    real_gen_arrays = __glewGenVertexArrays;
    __glewGenBuffers = my_gen_buffers;
    __glewBufferData = my_buffer_data;
    __glewCreateShader = my_create_shader;
    __glewGenVertexArrays = my_gen_arrays;
    assert_true(mien_live_start(l));
    allocations = gl_objects = 0;
    int64_t limit = patience_ns();
    int shown = 0;
    while (shown < frames && mien_now_ns() < limit && !mien_live_ended(l)) {
        mien_show_events(&show);
        struct mien_shot *s = mien_live_take(l, soon());
        if (s) {
            show.settings.mode = (enum mien_view_mode)(shown / 5 % MIEN_VIEW_MODES);
            mien_show_draw(&show, s);
            shown++;
        }
        counting = shown >= 30;
    }
    counting = false;
    __glewGenBuffers = real_gen_buffers;
    __glewBufferData = real_buffer_data;
    __glewCreateShader = real_create_shader;
    __glewGenVertexArrays = real_gen_arrays;
    mien_live_close(l);
    mien_show_close(&show);
    assert_true(mien_live_out_close(out, NULL));
    assert_int_equal(shown, frames);
    assert_int_equal(allocations, 0);
    assert_int_equal(gl_objects, 0);
}

static void counters_count(void **state)
{
    counting = true;
    void *p = mien_calloc(1, 100), *q = mien_realloc_array(NULL, 3, 3);
    counting = false;
    mien_free(p);
    free(q);
    assert_true(allocations >= 2);
}

static void frame_loop_does_not_allocate(void **state)
{
    static struct mien_face_model model;
    assert_true(mien_face_model_load(&model, NULL));
    struct feed f = {.total = 1 << 30, .width = 320, .height = 240, .end = MIEN_SOURCE_END};
    run_counted(&(struct mien_live_config){.read = feed_read,
                                           .read_arg = &f,
                                           .infer = look,
                                           .infer_arg = &cheap,
                                           .every_frame = true},
                &model, 90);
    mien_face_model_destroy(&model);
}

// The same with the shipped clip and networks, until a head has turned and its shape was refined,
// by a thread of its own and in line.
static void real_frame_loop_does_not_allocate(void **state)
{
    char path[1024], clip[1024];
    if (!mien_find_file("assets", "demo.mp4", clip, sizeof(clip)) ||
        !mien_find_file("models", "face.net", path, sizeof(path)) ||
        !mien_find_file("models", "detect.net", path, sizeof(path))) {
        skip();
    }
    for (int apart = 0; apart < 2; apart++) {
        run_counted(&(struct mien_live_config){.uri = clip,
                                               .source = {.loop = true},
                                               .engine = {.clock_ns = mien_now_ns, .apart = apart},
                                               .every_frame = true},
                    NULL, 140);
    }
}

// Of a head that turns, the live program shows the refined shape, which is surer than what the
// looks say, once the thread that refines it is ready.
static void turning_head_is_refined_apart(void **state)
{
    char path[1024], clip[1024];
    if (!mien_find_file("assets", "demo.mp4", clip, sizeof(clip)) ||
        !mien_find_file("models", "portrait.net", path, sizeof(path))) {
        skip();
    }
    struct mien_live_config c = {
        .uri = clip, .source = {.loop = true}, .engine = {.apart = true}, .every_frame = true};
    struct mien_live *l = mien_live_open(&c);
    assert_non_null(l);
    assert_true(mien_live_start(l));
    int64_t limit = patience_ns();
    bool refined = false;
    while (!refined && mien_now_ns() < limit && !mien_live_ended(l)) {
        struct mien_shot *s = mien_live_take(l, soon());
        if (s && s->result.count && s->result.face[0].identity_looks) {
            float said = 0, looked = 0;
            for (int i = 0; i < MIEN_IDENTITY; i++) {
                said += s->result.face[0].identity_sigma[i];
                looked += s->result.face[0].looked_sigma[i];
            }
            refined = said < 0.8f * looked;
        }
    }
    mien_live_close(l);
    assert_true(refined);
}

static void press(SDL_Keycode key, Uint16 modifiers)
{
    SDL_Event e = {.key = {.type = SDL_KEYDOWN, .keysym = {.sym = key, .mod = modifiers}}};
    SDL_PushEvent(&e);
}

// What a key may change: settings, what is asked for, what is said.
static uint64_t state_of(const struct mien_show *s)
{
    static struct mien_show copy; // large
    memcpy(&copy, s, sizeof(copy));
    copy.dirty = false;
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (size_t i = 0; i < sizeof(copy); i++) {
        hash = (hash ^ ((const uint8_t *)&copy)[i]) * 1099511628211u;
    }
    return hash;
}

static void every_key_does_something(void **state)
{
    static struct mien_show show;
    struct mien_show_config c = {.title = "test",
                                 .picture_w = 64,
                                 .picture_h = 48,
                                 .headless = true,
                                 .settings = {.hud = true, .fade = 0.5f}};
    if (!mien_show_open(&show, &c)) {
        skip();
    }
    show.controls.filter = 2;
    show.controls.fov_deg = 60;
    show.controls.faces = 3;
    show.controls.props = show.controls.networks = 3;
    for (int a = 0; a < MIEN_ACTIONS; a++) {
        const struct mien_action_row *row = mien_action_at(a);
        char key = row->character;
        // The menus' own state is out of sight here, and the window's when there is none.
        bool hidden = a == MIEN_ACTION_OPEN || a == MIEN_ACTION_WRITE_MARK ||
                      a == MIEN_ACTION_SETTINGS || a == MIEN_ACTION_FULLSCREEN;
        bool capital = key >= 'A' && key <= 'Z';
        struct mien_action asked;
        if (!key) {
            continue;
        }
        if (strchr("[]-+,.", key)) { // wherever they are on a keyboard: they come as text
            SDL_Event e = {.text = {.type = SDL_TEXTINPUT, .text = {key}}};
            SDL_PushEvent(&e);
        } else if (key == '?') {
            press(SDLK_QUESTION, 0);
        } else if (key == MIEN_KEY_F5) {
            press(SDLK_F5, 0);
        } else {
            press(capital ? key - 'A' + 'a' : key, capital ? KMOD_LSHIFT : 0);
        }
        mien_show_events(&show);
        assert_true(mien_inbox_take(&show.actions, &asked));
        assert_int_equal(asked.id, a);
        uint64_t before = state_of(&show);
        show.dirty = false;
        bool own = mien_show_act(&show, &asked);
        assert_true(show.dirty || show.quit);
        if (own && state_of(&show) == before && !hidden) {
            fail_msg("the key %s does nothing", row->label);
        }
        assert_false(mien_inbox_take(&show.actions, &asked));
    }
    assert_true(show.quit);
    mien_show_close(&show);
}

// Does what was asked for that is the window's own; whether an action of the session is among it.
static bool asked[MIEN_ACTIONS];

static void act(struct mien_show *show)
{
    struct mien_action a;
    memset(asked, 0, sizeof(asked));
    mien_show_events(show);
    while (mien_inbox_take(&show->actions, &a)) {
        asked[a.id] = !mien_show_act(show, &a);
    }
}

static void keys_do_what_the_help_says(void **state)
{
    static struct mien_show show;
    struct mien_show_config c = {.title = "test",
                                 .picture_w = 64,
                                 .picture_h = 48,
                                 .headless = true,
                                 .settings = {.hud = MIEN_HUD_FULL}};
    if (!mien_show_open(&show, &c)) {
        skip();
    }
    while (show.dirty) {
        mien_show_draw(&show, NULL); // without any picture yet
    }
    press(SDLK_m, 0);
    press(SDLK_h, 0);
    press(SDLK_b, 0);
    press(SDLK_x, 0);
    press(SDLK_QUESTION, 0);
    press(SDLK_SPACE, 0);
    press(SDLK_s, 0);
    press(SDLK_n, KMOD_LSHIFT);
    press(SDLK_k, 0);
    press(SDLK_c, KMOD_LSHIFT);
    press(SDLK_v, 0);
    press(SDLK_c, KMOD_LCTRL); // not ours
    act(&show);
    assert_int_equal(show.settings.mode, MIEN_VIEW_SHADED);
    assert_false(show.settings.hud);
    assert_true(show.settings.bars && show.settings.mirror && show.settings.help);
    assert_true(show.info.paused && asked[MIEN_ACTION_SCREENSHOT] && show.dirty);
    assert_true(asked[MIEN_ACTION_FORGET] && !asked[MIEN_ACTION_NEUTRAL]);
    assert_true(asked[MIEN_ACTION_MARK] && asked[MIEN_ACTION_LEARN] && show.settings.curves);
    assert_false(show.quit);
    mien_show_draw(&show, NULL);
    press(SDLK_m, KMOD_LSHIFT);
    press(SDLK_h, 0);
    press(SDLK_d, 0);
    press(SDLK_ESCAPE, 0); // the sheet of keys
    act(&show);
    assert_int_equal(show.settings.mode, MIEN_VIEW_WIREFRAME);
    assert_int_equal(show.settings.hud, MIEN_HUD_LINE);
    assert_true(asked[MIEN_ACTION_DEMO]);
    assert_false(show.settings.help || show.quit);
    show.window.fullscreen = true;
    press(SDLK_ESCAPE, 0); // full screen, which this window only says it has
    act(&show);
    assert_false(show.quit);
    show.window.fullscreen = false;
    show.controls.recording = true;
    press(SDLK_ESCAPE, 0);
    act(&show);
    assert_false(show.quit); // it asks
    assert_true(mien_ui_visible(show.ui, NULL));
    mien_show_draw(&show, NULL);
    press(SDLK_ESCAPE, 0); // no
    act(&show);
    mien_show_draw(&show, NULL);
    mien_show_draw(&show, NULL);
    assert_false(show.quit || mien_ui_visible(show.ui, NULL));
    press(SDLK_q, 0);
    act(&show);
    assert_false(show.quit);
    mien_show_draw(&show, NULL);
    press(SDLK_q, 0); // yes
    act(&show);
    mien_show_draw(&show, NULL);
    act(&show);
    assert_true(show.quit);
    show.quit = show.controls.recording = false;
    press(SDLK_ESCAPE, 0); // nothing is written: no question
    act(&show);
    assert_true(show.quit);
    mien_show_close(&show);
    mien_show_close(&show); // idempotent
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(every_frame_arrives_in_order),
          cmocka_unit_test(newest_wins_and_drops_are_counted),
          cmocka_unit_test(ends_after_its_frames), cmocka_unit_test(failure_is_told),
          cmocka_unit_test(stops_in_time_whatever_the_camera_does),
          cmocka_unit_test(outputs_are_checked), cmocka_unit_test(every_key_does_something),
          cmocka_unit_test(keys_do_what_the_help_says), cmocka_unit_test(counters_count),
          cmocka_unit_test(frame_loop_does_not_allocate),
          cmocka_unit_test(real_frame_loop_does_not_allocate),
          cmocka_unit_test(turning_head_is_refined_apart))
