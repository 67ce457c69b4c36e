#!/usr/bin/env bash
# What is wrong with options and files is said, with the right exit status; nothing crashes.
. "$(dirname "$0")/common.inc"
expect 0 overlay image --help
expect 0 overlay video --help
expect 2 nosuch image --nosuch x.jpg
expect 2 usage image
expect 2 max-faces image x.jpg --max-faces 99
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
expect 2 nowhere image "$tmp/frames" --json /nowhere/x.jsonl
expect 1 full image "$tmp/frames" --json /dev/full
cp "$tmp/noise.jpg" "$tmp/noise.mp4"
expect 2 noise.mp4 video "$tmp/noise.mp4"
echo "errors are explained"
