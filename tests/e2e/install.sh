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
