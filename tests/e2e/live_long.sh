#!/usr/bin/env bash
# A long run (MIEN_LONG_SECONDS, 20 by default; 600 is the real one): memory stays flat, latency does not drift, what was
# recorded and written is whole. How late results come is judged with MIEN_TIMING=1 only (make check-timing): it depends on what
# else the machine does.
. "$(dirname "$0")/live_common.inc"
need_job
command -v python3 >/dev/null || { echo "python3 is not there"; exit 77; }
seconds=${MIEN_LONG_SECONDS:-20}
case $seconds in '' | *[!0-9]*) fail "MIEN_LONG_SECONDS=$seconds: seconds, 10 or more" ;; esac
[ "$seconds" -ge 10 ] || fail "MIEN_LONG_SECONDS=$seconds: 10 or more"
python3 - "$seconds" "$tmp" "$MIEN" live "$clip" --headless --loop --mode shaded --prop glasses \
    --curves happy,AU12,blinkRate --record "$tmp/a.mp4" --report "$tmp/a.html" --out "csv:$tmp/a.csv,jsonl:-" <<'END' >"$tmp/verdict" 2>&1 ||
import os, re, signal, statistics, subprocess, sys, threading, time
seconds, tmp, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
log = open(tmp + "/log", "w")
run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
late, sizes = [], []  # (seconds from the first result, ms from capture to here), (…, KiB resident)
stamp = re.compile(rb'"time_s":([0-9.]+)')
begin = None


def memory():
    while run.poll() is None:
        with open("/proc/%d/status" % run.pid) as f:
            kib = [int(l.split()[1]) for l in f if l.startswith("VmRSS")]
        if begin and kib:
            sizes.append((time.monotonic() - begin, kib[0]))
        time.sleep(0.25)


watch = threading.Thread(target=memory)
watch.start()
for line in run.stdout:
    now = time.monotonic()
    begin = begin or now
    late.append((now - begin, 1e3 * (now - float(stamp.search(line)[1]))))
    if now - begin > seconds and run.poll() is None:
        run.send_signal(signal.SIGTERM)  # the rest is read to its end
        seconds = 1e9
status = run.wait()
watch.join()
log.close()
if status:
    sys.exit("exit status %d: %s" % (status, open(tmp + "/log").read()[-300:]))
end = late[-1][0]
quarter = lambda rows, k: [v for t, v in rows if k * end / 4 <= t < (k + 1) * end / 4]
a, b = statistics.median(quarter(sizes, 1)) / 1024, statistics.median(quarter(sizes, 3)) / 1024
c, d = statistics.median(quarter(late, 1)), statistics.median(quarter(late, 3))
print("%d results in %.0f s; resident %.1f MB in the second quarter, %.1f MB in the last; capture to output: "
      "median %.1f and %.1f ms" % (len(late), end, a, b, c, d))
# A picture leaked each second would be a megabyte a second, 10 from one quarter to the other; the report's tables grow a
# little while they fill, and the first refinement of a head that turns takes its room once (3 to 4).
if not re.search("asan|tsan", command[0]) and b - a > 6 + 0.005 * end:
    sys.exit("memory grows")
# Another program on the same processor makes it later, a queue that fills makes it ever later.
if os.environ.get("MIEN_TIMING") and d > 2 * c + 40:
    sys.exit("latency drifts")
END
    fail "$(cat "$tmp/verdict" "$tmp/log" 2>/dev/null | tail -n 5)"
[ "$(tail -c 1 "$tmp/a.csv" | od -An -c | tr -d ' ')" = '\n' ] || fail "the table's last line is cut"
grep -q '</html>' "$tmp/a.html" || fail "the report is not whole"
"$MIEN" video "$tmp/a.mp4" --frames 30 --md5 /dev/null 2>"$tmp/log" || fail "the recording does not open: $(tail -n 2 "$tmp/log")"
if command -v ffmpeg >/dev/null; then
    ffmpeg -v error -xerror -i "$tmp/a.mp4" -f null - 2>"$tmp/log" || fail "ffmpeg: $(tail -n 2 "$tmp/log")"
fi
cat "$tmp/verdict"
