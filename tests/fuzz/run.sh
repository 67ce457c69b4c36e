#!/usr/bin/env bash
# Fuzzes the named entries in turn:
#   tests/fuzz/run.sh SECONDS BUILD ENTRY…
# BUILD holds the drivers (build/fuzz, by `make fuzz`) and gets logs, new inputs (ENTRY.found) and
# what an entry dies of (ENTRY.bad). Ends with the entries that failed, if any.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=$1 build=$2
shift 2
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export MIEN_HOME=$PWD OPENBLAS_NUM_THREADS=1
failed=
for entry in "$@"; do
    log=$build/$entry.log bad=$build/$entry.bad found=$build/$entry.found seeds=tests/fuzz/corpus/$entry
    mkdir -p "$bad" "$found"
    if "$build/$entry" -help=1 2>&1 | grep -q libFuzzer; then
        "$build/$entry" -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=2048 -timeout=20 \
            -artifact_prefix="$bad/" -print_final_stats=1 "$found" "$seeds" >"$log" 2>&1
    else
        "$build/$entry" "$seconds" "$bad" "$seeds"/* >"$log" 2>&1
    fi
    rc=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ $rc = 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "ok   $entry: $runs runs in $seconds s"
    else
        echo "FAIL $entry (exit $rc, log: $log)"
        grep -E 'ERROR|SUMMARY|broken promise|runtime error|Test unit' "$log" | head -n 5
        failed="$failed $entry"
    fi
done
[ -z "$failed" ] || echo "fuzz: failed:$failed; the inputs are in $build/ENTRY.bad"
[ -z "$failed" ]
