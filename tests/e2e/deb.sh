#!/usr/bin/env bash
# `make deb`: the package has what the installed program needs, depends on what it links, and its
# program runs unpacked.
. "$(dirname "$0")/common.inc"
build=${MIEN_BUILD:-$PWD/build/release}
[ "$(basename "$build")" = release ] || { echo "only the release build is packed"; exit 77; }
for c in dpkg-deb dpkg-shlibdeps; do command -v $c >/dev/null || { echo "$c is not there"; exit 77; }; done
env -u MAKEFLAGS -u MAKELEVEL make deb >"$tmp/log" 2>&1 || fail "make deb: $(tail -n 5 "$tmp/log")"
version=$("$MIEN" --version | cut -d' ' -f2)
deb=build/mien_${version}_amd64.deb
[ "$(dpkg-deb -f "$deb" Version)" = "$version" ] || fail "$deb has another version"
depends=$(dpkg-deb -f "$deb" Depends)
for d in libc6 libopenblas0 libsdl2 libpng16 libavcodec libswscale libwebsockets liblo7 libopenmpi fonts-dejavu-core; do
    case $depends in *$d*) ;; *) fail "$d is not among its dependencies: $depends" ;; esac
done
dpkg-deb -c "$deb" | awk '{print $2}' | grep -qv '^root/root$' && fail "files of the package do not belong to root"
dpkg-deb -x "$deb" "$tmp/root"
(cd "$tmp/root" && dpkg-deb --ctrl-tarfile "$OLDPWD/$deb" | tar -xO ./md5sums | md5sum --check --quiet) || fail "md5sums do not match"
(cd "$tmp" && env -u MIEN_HOME "$tmp/root/usr/bin/mien" synth --count 1 --data "$tmp" --sheet "$tmp/s.png" >"$tmp/log" 2>&1) ||
    fail "the unpacked program does not run: $(tail -n 3 "$tmp/log")"
[ -s "$tmp/s.png" ] || fail "the unpacked program drew nothing"
echo "$deb, $(($(stat -c %s "$deb") / 1024)) KiB"
