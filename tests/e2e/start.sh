#!/usr/bin/env bash
# Programs start with the libraries that they need: window, videos, MPI and sockets are none of
# `mien image`'s. What is absent when it is wanted is said, with what to do.
. "$(dirname "$0")/common.inc"
heavy='SDL|libGL|avformat|avcodec|avutil|swscale|websockets|liblo|mpi|openblas|stdc\+\+'
needs() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
bad=$(needs "$MIEN" | grep -E "$heavy" | grep -vE 'lib[at]?san|libubsan')
case $MIEN in *asan* | *tsan*) bad=${bad/libstdc++.so.6/} ;; esac
[ -z "$bad" ] || fail "mien is linked with $bad"
for p in live train; do
    bad=$(needs "$MIEN-$p" | grep -E 'avformat|avcodec|avutil|swscale|websockets|liblo|openblas')
    [ -z "$bad" ] || fail "mien-$p is linked with $bad"
done
needs "$MIEN-live" | grep -q mpi && fail "mien-live is linked with MPI"
needs "$MIEN-train" | grep -qE 'SDL|libGL' && fail "mien-train is linked with a window's libraries"

# Alone, and as a link beside nothing: the first says what is missing, the second finds the others.
mkdir "$tmp/alone" "$tmp/link"
cp "$MIEN" "$tmp/alone/mien"
for command in live train; do
    "$tmp/alone/mien" $command --help >"$tmp/out" 2>"$tmp/err" && fail "mien $command works without its program"
    grep -q "$tmp/alone/mien-$command, which cannot be run" "$tmp/err" && grep -q 'make install' "$tmp/err" ||
        fail "mien $command without its program says: $(cat "$tmp/err")"
done
"$tmp/alone/mien" image --help >/dev/null || fail "mien image needs more than mien"
ln -s "$MIEN" "$tmp/link/mien"
"$tmp/link/mien" train --help | grep -q '^usage: mien train' || fail "through a link mien train is not found"
# Each program takes what belongs to another.
"$MIEN-train" image --help | grep -q '^usage: mien image' || fail "mien-train image"
"$MIEN-live" --version | grep -q '^mien [0-9]' || fail "mien-live --version"

# A library that is absent; with sanitizers too, whose own loading this does not touch.
mkdir "$tmp/lib"
for l in avformat avcodec avutil swscale; do
    so=$(objdump -p "$(cc -print-file-name=lib$l.so)" | sed -n 's/^ *SONAME *//p')
    echo "no library" >"$tmp/lib/$so"
done
LD_LIBRARY_PATH=$tmp/lib "$MIEN" video assets/demo.mp4 --frames 1 >"$tmp/out" 2>"$tmp/err"
[ $? = 2 ] || fail "mien video without FFmpeg: $(cat "$tmp/err")"
grep -q 'FFmpeg.*cannot be loaded.*apt-get install libav' "$tmp/err" || fail "mien video without FFmpeg says: $(cat "$tmp/err")"
echo "mien is linked with $(needs "$MIEN" | wc -l) libraries; what is absent is said"
