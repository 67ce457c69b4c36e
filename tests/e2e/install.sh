#!/usr/bin/env bash
# `make install` into a folder: everything is in its place, the installed program finds a face and the
# installed library serves a program built through pkg-config, from another folder; `make uninstall`
# leaves nothing.
. "$(dirname "$0")/common.inc"
build=${MIEN_BUILD:-$PWD/build/release}
conf=$(basename "$build")
to=$tmp/root/opt/mien
quiet() { "$@" >"$tmp/log" 2>&1 || fail "$*: $(tail -n 5 "$tmp/log")"; }
quiet env -u MAKEFLAGS -u MAKELEVEL make install CONF="$conf" DESTDIR="$tmp/root" PREFIX=/opt/mien
for f in bin/mien bin/mien-live bin/mien-train lib/libmien.so.0 lib/libmien.so lib/libmien.a lib/pkgconfig/mien.pc include/mien.h \
    share/mien/models/ict.face share/mien/shaders/mesh.vert share/mien/assets/nets/face96.txt \
    share/man/man1/mien.1.gz share/bash-completion/completions/mien share/applications/mien.desktop \
    share/icons/hicolor/256x256/apps/mien.png share/doc/mien/copyright share/doc/mien/examples/face.c; do
    [ -s "$to/$f" ] || fail "$f was not installed"
done
if command -v desktop-file-validate >/dev/null; then quiet desktop-file-validate "$to/share/applications/mien.desktop"; fi
grep -rIl -- "$PWD" "$to/share" "$to/lib/pkgconfig" "$to/include" && fail "the source folder is named in what was installed"
[ -e "$to/share/mien/models/face.net" ] || [ ! -e "$home/models/face.net" ] || cp "$home"/models/*.net "$to/share/mien/models/"
if [ -e "$to/share/mien/models/face.net" ]; then
    seen=yes
    MIEN_HOME=$to/share/mien
    (cd "$tmp" && unset MIEN_HOME && "$to/bin/mien" synth --clip "$tmp/frames" --seconds 1 --data "$tmp" >"$tmp/log" 2>&1) ||
        fail "the installed mien synth: $(tail -n 3 "$tmp/log")"
    picture=$(ls "$tmp"/frames/*.png | head -n 1)
    (cd "$tmp" && unset MIEN_HOME && "$to/bin/mien" image "$picture" --json "$tmp/a.json" --overlay "$tmp/seen" >"$tmp/log" 2>&1) ||
        fail "the installed mien image: $(tail -n 3 "$tmp/log")"
    grep -q '"faces":\[{' "$tmp/a.json" || fail "the installed program sees no face"
    if [ "$conf" = release ]; then
        # As a package's build would see it: the paths in mien.pc below the folder.
        flags=$(PKG_CONFIG_PATH=$to/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/root pkg-config --cflags --libs mien) ||
            fail "pkg-config does not find mien"
        [ "$(PKG_CONFIG_PATH=$to/lib/pkgconfig pkg-config --modversion mien)" = "$("$to/bin/mien" --version | cut -d' ' -f2)" ] ||
            fail "mien.pc has another version"
        (cd "$tmp" && cc "$to/share/doc/mien/examples/face.c" -o face $flags -lpng &&
            env -u MIEN_HOME LD_LIBRARY_PATH="$to/lib" ./face "$picture" >"$tmp/face.txt") || fail "the installed example"
        grep -q '^face 1:' "$tmp/face.txt" || fail "the installed library sees no face"
        # The portrait network beside the library says who it is, as the program's does.
        cat >"$tmp/looks.c" <<'C'
#include <mien.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
int main(int n, char **a)
{
    png_image p = {.version = PNG_IMAGE_VERSION};
    struct mien *m = mien_create(&(struct mien_options){.still = 1, .model_dir = n > 2 ? a[2] : NULL}, NULL, 0);
    if (!m || !png_image_begin_read_from_file(&p, a[1])) {
        return 1;
    }
    p.format = PNG_FORMAT_RGB;
    unsigned char *rgb = malloc(PNG_IMAGE_SIZE(p));
    png_image_finish_read(&p, NULL, rgb, 0, NULL);
    if (mien_run(m, rgb, (int)p.width, (int)p.height, (long)PNG_IMAGE_ROW_STRIDE(p), 0) < 1) {
        return 1;
    }
    printf("%d\n", mien_face(m, 0)->identity_looks);
    mien_destroy(m);
    free(rgb);
    return 0;
}
C
        looks() { (cd "$tmp" && env -u MIEN_HOME LD_LIBRARY_PATH="$to/lib" ./looks "$@"); }
        (cd "$tmp" && cc looks.c -o looks $flags -lpng) || fail "a program against the installed library does not compile"
        [ "$(looks "$picture")" = 1 ] || fail "the installed library does not find portrait.net: $(looks "$picture") looks"
        # Without it there, nothing else's is taken.
        mv "$to/share/mien/models/portrait.net" "$tmp/"
        [ "$(looks "$picture")" = 0 ] || fail "a portrait network of somewhere else"
        mv "$tmp/portrait.net" "$to/share/mien/models/"
    fi
fi
for f in doc dev examples mien.1; do
    [ ! -e "$to/share/mien/assets/$f" ] || fail "assets/$f was installed beside what the program reads"
done
rm -f "$to"/share/mien/models/*.net
quiet env -u MAKEFLAGS -u MAKELEVEL make uninstall CONF="$conf" DESTDIR="$tmp/root" PREFIX=/opt/mien
left=$(find "$tmp/root" ! -type d)
[ -z "$left" ] || fail "left after make uninstall: $left"
[ -n "${seen:-}" ] || { echo "models/face.net is not there: installed, not run"; exit 77; }
echo "installed, run, built against, and removed"
