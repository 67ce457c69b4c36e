#!/usr/bin/env bash
# What cannot work is explained, with the right exit status.
. "$(dirname "$0")/live_common.inc"
expect() { # STATUS WORD ARGS…
    want=$1 word=$2
    shift 2
    timeout 3000 "$MIEN" live "$@" >"$tmp/log" 2>&1
    got=$?
    [ $got = "$want" ] || fail "mien live $*: exit status $got, not $want: $(cat "$tmp/log")"
    grep -qi -- "$word" "$tmp/log" || fail "mien live $*: \"$word\" is not in: $(cat "$tmp/log")"
}
expect 0 --headless --help
expect 2 nosuch --nosuch
expect 2 size --size 12x --headless
expect 2 size --capture 1x1 --headless
expect 2 jsonl --out nonsense --headless
expect 2 none --mode nonsense
expect 2 nosuchfile "$tmp/nosuchfile.mp4" --headless
: >"$tmp/file"
expect 2 'file of that name' "$tmp/nosuchfile.mp4" --headless --folder "$tmp/file"
expect 2 folder "$tmp/nosuchfile.mp4" --headless --folder "$tmp/file/sub"
expect 2 nosuchfile "$tmp/nosuchfile.mp4" --headless --folder "$tmp/made/too"
[ -d "$tmp/made/too" ] || fail "--folder is not made"
expect 2 'two sources.*one.mp4.*two.mp4' "$tmp/one.mp4" --source "$tmp/two.mp4" --headless
expect 2 'two sources.*one.mp4.*two.mp4' --source="$tmp/two.mp4" --headless "$tmp/one.mp4"
printf 'source = /dev/video9\n' >"$tmp/config" # what is remembered is none of the two
expect 2 nosuchfile "$tmp/nosuchfile.mp4" --headless --config "$tmp/config"
expect 2 nosuchfile --source "$tmp/nosuchfile.mp4" --headless --config "$tmp/config"
head -c 5000 /dev/urandom >"$tmp/broken.mp4"
expect 2 broken "$tmp/broken.mp4" --headless
ls /dev/video* >/dev/null 2>&1 || expect 1 camera --headless
if [ -e "$home/models/face.net" ] && [ -e "$home/models/detect.net" ] && [ -e "$clip" ]; then
    unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER
    expect 1 --headless "$clip"
    expect 2 nosuch "$clip" --headless --net "$tmp/nosuch.net"
    head -c 5000 /dev/urandom >"$tmp/broken.net"
    expect 2 broken "$clip" --headless --net "$tmp/broken.net"
    # What cannot be worn is no reason to go on without it; a texture is said with its name.
    expect 2 nosuch "$clip" --headless --frames 2 --prop "$tmp/nosuch.glb"
    expect 2 'broken.net cannot be worn' "$clip" --headless --frames 2 --prop "$tmp/broken.net"
    mkdir "$tmp/prop"
    cat >"$tmp/prop/hat.gltf" <<'END'
{"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],
 "meshes":[{"primitives":[{"attributes":{"POSITION":0,"TEXCOORD_0":1},"material":0}]}],
 "materials":[{"pbrMetallicRoughness":{"baseColorTexture":{"index":0}}}],
 "textures":[{"source":0}],"images":[{"uri":"felt.png"}],
 "accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3"},
              {"bufferView":0,"componentType":5126,"count":3,"type":"VEC2"}],
 "bufferViews":[{"buffer":0,"byteLength":36}],
 "buffers":[{"byteLength":36,"uri":"data:;base64,AAAAAAAAAAAAAAAACtcjPAAAAAAAAAAAAAAAAArXIzwAAAAA"}]}
END
    expect 2 'texture 0, "felt.png", cannot be used' "$clip" --headless --frames 2 --prop "$tmp/prop/hat.gltf"
    head -c 100 /dev/urandom >"$tmp/prop/felt.png"
    expect 2 'texture 0, "felt.png", cannot be used' "$clip" --headless --frames 2 --prop "$tmp/prop/hat.gltf"
    cp assets/mien.png "$tmp/prop/felt.png"
    expect 0 'frames' "$clip" --headless --frames 2 --no-pace --prop "$tmp/prop/hat.gltf"
    # An avatar likewise, and the colour behind it.
    expect 2 'nosuch.vrm cannot be an avatar' "$clip" --headless --frames 2 --avatar "$tmp/nosuch.vrm"
    expect 2 'broken.net cannot be an avatar' "$clip" --headless --frames 2 --avatar "$tmp/broken.net"
    expect 2 'not a colour' "$clip" --headless --frames 2 --ground mauve
    printf 'avatar = %s\n' "$tmp/nosuch.vrm" >"$tmp/config"
    expect 0 nosuch "$clip" --headless --frames 2 --no-pace --config "$tmp/config"
    # One that was remembered and is gone since: said, and the session goes on.
    printf 'prop = %s\n' "$tmp/nosuch.glb" >"$tmp/config"
    expect 0 nosuch "$clip" --headless --frames 2 --no-pace --config "$tmp/config"
fi
expect 2 'there are: .*booth' --preset nosuch --headless
if [ -s "$clip" ]; then
    # A preset stands before the settings file, the command line before it; its outputs are opened.
    export XDG_CONFIG_HOME=$tmp/xdg
    mkdir -p "$XDG_CONFIG_HOME/mien/presets"
    printf 'mode = shaded\nprop =\noutputs = jsonl:%s\n' "$tmp/preset.jsonl" >"$XDG_CONFIG_HOME/mien/presets/mine"
    printf 'mode = uv\nprop = hat\n' >"$tmp/config"
    expect 0 frames "$clip" --headless --frames 2 --no-pace --hud off --config "$tmp/config" --preset mine --screenshot "$tmp/a.png"
    [ "$(wc -l <"$tmp/preset.jsonl")" = 2 ] || fail "a preset's outputs are not opened"
    expect 0 frames "$clip" --headless --frames 2 --no-pace --hud off --no-config --mode shaded --out "jsonl:$tmp/preset.jsonl" --screenshot "$tmp/b.png"
    cmp "$tmp/a.png" "$tmp/b.png" || fail "a preset is not what it says"
    expect 0 frames "$clip" --headless --frames 2 --no-pace --hud off --no-config --preset mine --mode uv --screenshot "$tmp/a.png"
    cmp -s "$tmp/a.png" "$tmp/b.png" && fail "a preset stands before the command line"
fi
echo "errors are explained"
