#!/usr/bin/env bash
# Several sinks at once, from `mien video` and `mien live`: every file is read by another reader, the
# packets by one too; wrong lists end with status 2 and a reason.
. "$(dirname "$0")/live_common.inc"
for bad in nothing:x vmc:a:b gltf loopback null:1 ws:0; do
    "$MIEN" video x.mp4 --out "$bad" >"$tmp/log" 2>&1
    [ $? = 2 ] || fail "video --out $bad: not status 2"
    "$MIEN" live x.mp4 --headless --out "$bad" >"$tmp/log" 2>&1
    [ $? = 2 ] || fail "live --out $bad: not status 2"
    grep -q -- "--out $bad" "$tmp/log" || fail "live --out $bad: no reason: $(cat "$tmp/log")"
done
need_job
command -v python3 >/dev/null || { echo "python3 is not there"; exit 77; }
cat >"$tmp/receive.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
s.settimeout(3000)
print(s.getsockname()[1], flush=True)
sizes = []
while len(sizes) < 20:
    packet = s.recv(65535)
    if packet == b"that was all":
        break
    sizes.append(len(packet))
print(*sizes)
END
receive() { # NAME: its port in $port
    python3 "$tmp/receive.py" >"$tmp/$1" &
    for _ in $(seq 6000); do
        port=$(head -n 1 "$tmp/$1" 2>/dev/null)
        [ -n "$port" ] && return
        sleep 0.1
    done
    fail "the receiver did not start"
}
receive osf && osf=$port
receive vmc && vmc=$port
receive livelink && livelink=$port
"$MIEN" video "$clip" --frames 30 --out "osf:$osf,vmc:$vmc,livelink:$livelink,openface:$tmp/a.csv,mediapipe:$tmp/a.json,livelinkcsv:$tmp/take.csv,gltf:$tmp/a.glb,jsonl:$tmp/a.jsonl" >"$tmp/log" 2>&1 ||
    fail "exit status $?: $(cat "$tmp/log")"
python3 - $osf $vmc $livelink <<'END'
import socket, sys
for port in sys.argv[1:]:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"that was all", ("127.0.0.1", int(port)))
END
wait
python3 - "$tmp" <<'END' || fail "what was sent or written is not right"
import csv, json, struct, sys
tmp = sys.argv[1]
sizes = {n: [int(x) for x in open(tmp + "/" + n).read().split()[1:]] for n in ("osf", "vmc", "livelink")}
assert len(sizes["osf"]) >= 15 and set(sizes["osf"]) == {1785}, sizes
assert len(sizes["livelink"]) == 20 and set(sizes["livelink"]) <= {65, 310}, sizes
assert len(sizes["vmc"]) == 20 and 900 < max(sizes["vmc"]) <= 1200, sizes
rows = list(csv.reader(open(tmp + "/a.csv"), skipinitialspace=True))
assert len(rows) >= 31 and all(len(r) == 714 for r in rows)
frames = [json.loads(l) for l in open(tmp + "/a.jsonl")]
assert len(json.load(open(tmp + "/a.json"))) == len(frames) == 30
seen = sum(len(f["faces"]) > 0 for f in frames)
assert len(list(csv.reader(open(tmp + "/take.csv")))) == 1 + seen
data = open(tmp + "/a.glb", "rb").read()
n, = struct.unpack("<I", data[12:16])
g = json.loads(data[20:20 + n])
assert data[:4] == b"glTF" and g["accessors"][g["animations"][0]["samplers"][0]["input"]]["count"] == seen
print(seen, "frames with a face went to eight sinks")
END
"$MIEN" live "$clip" --headless --frames 20 --no-pace --out "ws:127.0.0.1:$((20000 + $$ % 20000)),gltf:$tmp/b.glb,csv:$tmp/b.csv" >"$tmp/log" 2>&1 ||
    fail "live: $(cat "$tmp/log")"
[ "$(wc -l <"$tmp/b.csv")" -ge 21 ] || fail "live wrote $(wc -l <"$tmp/b.csv") rows"
[ "$(head -c 4 "$tmp/b.glb")" = glTF ] || fail "live wrote no glTF"
echo "sinks of video and live are complete"
