#!/usr/bin/env bash
# What is wrong with options and files is said, with the right exit status; nothing crashes.
. "$(dirname "$0")/common.inc"
expect 2 'there is no command "paint"' paint
expect 0 overlay image --help
expect 0 overlay video --help
expect 2 nosuch image --nosuch x.jpg
expect 2 usage image
expect 2 faces image x.jpg --faces 99
expect 2 faces video x.mp4 --faces 99
expect 2 fov image x.jpg --fov 400
expect 2 nosuch.jpg image "$tmp/nosuch.jpg"
expect 2 folder image "$tmp"
expect 2 nosuch.mp4 video "$tmp/nosuch.mp4"
expect 2 usage video
need_models
head -c 3000 /dev/urandom >"$tmp/noise.jpg"
: >"$tmp/empty.png"
printf '\377\330\377\340broken' >"$tmp/short.jpg"
cp "$tmp/noise.jpg" "$tmp/noise.net"
expect 2 noise.jpg image "$tmp/noise.jpg"
expect 2 readable image "$tmp"
expect 2 noise.net image "$tmp/noise.jpg" --net "$tmp/noise.net"
expect 2 noise.net image "$tmp/noise.jpg" --detector "$tmp/noise.net"
expect 2 noise.net image "$tmp/noise.jpg" --face "$tmp/noise.net"
make_frames 1 8
# One good picture among broken ones: it is done, the others are named, the status is 1.
expect 1 short.jpg image "$tmp/frames" "$tmp/short.jpg" --json "$tmp/a.jsonl"
[ -s "$tmp/a.jsonl" ] || fail "the good pictures were not done"
# Pictures of a wrong size, and files that are no pictures, are named in words.
python3 - "$tmp" <<'PY' || fail "python3 is missing"
import struct, sys, zlib
def chunk(t, d):
    return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
def png(name, w, h):
    rows = b"".join(b"\0" + b"\x50" * (3 * w) for _ in range(h))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
    open(sys.argv[1] + name, "wb").write(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
png("/tiny.png", 4, 4)
png("/strip.png", 20000, 8)
open(sys.argv[1] + "/sound.wav", "wb").write(b"RIFF" + struct.pack("<I", 836) + b"WAVEfmt " +
    struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 800) + bytes(800))
PY
expect 2 'tiny.png: 4 x 4 pixels are too few' image "$tmp/tiny.png"
expect 2 'strip.png: .*20000 x 8 pixels is more than 16384' image "$tmp/strip.png"
expect 2 'sound.wav: this is a sound file' image "$tmp/sound.wav"
expect 2 'sound.wav: there is no video in this file: this is a sound file' video "$tmp/sound.wav"
expect 2 'tiny.png: 4 x 4 pixels are too few' video "$tmp/tiny.png"
good=$(ls "$tmp"/frames/* | head -n 1)
expect 1 'tiny.png: 4 x 4' image "$good" "$tmp/tiny.png" "$good" --json "$tmp/b.jsonl"
[ "$(wc -l <"$tmp/b.jsonl")" = 2 ] || fail "the good pictures beside a tiny one were not done"
expect 2 nowhere image "$tmp/frames" --json /nowhere/x.jsonl
expect 1 full image "$tmp/frames" --json /dev/full
cp "$tmp/noise.jpg" "$tmp/noise.mp4"
expect 2 noise.mp4 video "$tmp/noise.mp4"
echo "errors are explained"
