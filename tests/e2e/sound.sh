#!/usr/bin/env bash
# Films with sound: a recording has the microphone's beside a picture with what is worn and without figures, both from
# 0 to the same end; where there is no microphone it has silence, and that is said; a film of a film keeps its sound.
. "$(dirname "$0")/live_common.inc"
need_job
command -v ffprobe >/dev/null || { echo "ffprobe is not installed"; exit 77; }
export SDL_AUDIODRIVER=disk SDL_DISKAUDIOFILEIN=$tmp/microphone.raw
ffmpeg -v error -f lavfi -i "sine=440:r=48000:d=60" -ac 2 -f f32le "$tmp/microphone.raw" || fail "no tone"
record() { # FILE MICROPHONE
    "$MIEN" live "$clip" --headless --frames 60 --record "$1" --record-sound "$2" --prop sunglasses --hud full >"$tmp/log" 2>&1 ||
        fail "recording: $(tail -n 3 "$tmp/log")"
}
in_step() { # FILE: codec, begin and end of each stream
    ffprobe -v error -show_entries stream=codec_type,start_time,duration -of csv=p=0 "$1" >"$tmp/streams"
    awk -F, '{ begin[$1] = $2; end[$1] = $2 + $3 } END { b = begin["video"] - begin["audio"]; e = end["video"] - end["audio"]
        exit !(NR == 2 && "audio" in end && b * b < 0.0016 && e * e < 0.0016) }' "$tmp/streams" || fail "$1: $(cat "$tmp/streams")"
}
loudness() { ffmpeg -v info -i "$1" -vn -af volumedetect -f null - 2>&1 | sed -n 's/.*mean_volume: \(-*[0-9]*\).*/\1/p'; }
record "$tmp/heard.mp4" default
in_step "$tmp/heard.mp4"
[ "$(loudness "$tmp/heard.mp4")" -gt -40 ] || fail "the tone is not heard: $(loudness "$tmp/heard.mp4") dB"
record "$tmp/silent.mp4" "no such microphone"
grep -q 'no microphone is called "no such microphone".*silence is recorded' "$tmp/log" || fail "silence is not told: $(cat "$tmp/log")"
in_step "$tmp/silent.mp4"
[ "$(loudness "$tmp/silent.mp4")" -lt -80 ] || fail "silence is $(loudness "$tmp/silent.mp4") dB"
# Of the HUD, which covers the upper left of the window, a recording has nothing; one of everything has it.
corner() { # FILE: mean difference of the corner from the clip's frame that is nearest
    for f in "$1" "$clip"; do
        ffmpeg -v error -y -i "$f" -frames:v 90 -vf scale=640:480,crop=120:160:0:0,format=gray -f rawvideo "$tmp/corner.$([ "$f" = "$1" ] && echo a || echo b)" ||
            fail "no pictures in $f"
    done
    python3 - "$tmp/corner.a" "$tmp/corner.b" <<'PY'
import sys
n = 120 * 160
a, b = (open(p, "rb").read() for p in sys.argv[1:])
mid = a[len(a) // n // 2 * n:][:n]
print(round(min(sum(abs(x - y) for x, y in zip(mid, b[i:i + n])) / n for i in range(0, len(b), 3 * n))))
PY
}
"$MIEN" live "$clip" --headless --no-pace --frames 30 --record "$tmp/all.mp4" --programme everything --hud full >"$tmp/log" 2>&1 ||
    fail "recording everything: $(tail -n 3 "$tmp/log")"
[ "$(corner "$tmp/heard.mp4")" -le 4 ] || fail "the HUD is in the recording: $(corner "$tmp/heard.mp4")"
[ "$(corner "$tmp/all.mp4")" -ge 8 ] || fail "a recording of everything has no HUD: $(corner "$tmp/all.mp4")"
"$MIEN" video "$tmp/heard.mp4" --overlay "$tmp/seen.mp4" --json "$tmp/seen.jsonl" 2>"$tmp/log" || fail "mien video: $(cat "$tmp/log")"
in_step "$tmp/seen.mp4"
[ "$(loudness "$tmp/seen.mp4")" -gt -40 ] || fail "the clip's own sound is not in its film"
"$MIEN" live "$clip" --headless --frames 3 --no-pace --record "$tmp/x.mp4" --record-sound default >"$tmp/log" 2>&1 && fail "sound without time"
grep -q -- '--no-pace' "$tmp/log" || fail "sound without time says: $(cat "$tmp/log")"
echo "picture and sound are in step, without the HUD; silence is told; a clip's own sound is kept"
