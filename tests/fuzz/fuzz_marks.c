// SRC: src/live/marks.c
// Fuzz entry: event marks, as an OSC packet when the first byte is "o", else as a list of times.
#include "fuzz/fuzz.h"

#include "base/name.h"
#include "late/osc.h"
#include "live/marks.h"

static void words_are_plain(const char *text)
{
    size_t n = strnlen(text, MIEN_MARK_TEXT);
    FUZZ_CHECK(n < MIEN_MARK_TEXT);
    for (size_t i = 0; i < n;) {
        int length = mien_utf8_length(text + i);
        FUZZ_CHECK(length > 0 && (unsigned char)text[i] >= 0x20);
        i += (size_t)length;
    }
}

static bool marks_as_a_list(const uint8_t *data, size_t size)
{
    struct mien_mark_list l = {0};
    struct fuzz_file f;
    fuzz_file_open(&f, data, size);
    bool good = mien_mark_list_read(&l, f.path);
    for (int i = 0; i < l.count; i++) {
        FUZZ_CHECK(l.mark[i].at_s >= (i ? l.mark[i - 1].at_s : 0));
        words_are_plain(l.mark[i].text);
    }
    mien_mark_list_destroy(&l);
    fuzz_file_close(&f);
    return good;
}

bool fuzz_marks(const uint8_t *data, size_t size)
{
    char text[MIEN_MARK_TEXT] = "";
    bool osc = size > 0 && data[0] == 'o';
    if (!osc) {
        return marks_as_a_list(data, size);
    }
    FUZZ_CHECK(mien_osc_load(NULL));
    bool good = mien_mark_of_osc(data + 1, size - 1, text);
    words_are_plain(text);
    return good;
}
