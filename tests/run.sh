#!/usr/bin/env bash
# Runs the tests of one build and ends with "N passed, N failed[, N skipped]".
#   tests/run.sh BUILD tree|unit|e2e…
# A unit test is a cmocka program: its own counts are added up. A tree or e2e test is a script:
# exit 0 passes, 77 is skipped (the reason is its last line), anything else fails.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
shift
export MIEN_BUILD=$PWD/$build MIEN=$PWD/$build/mien
export MIEN_DATA=${MIEN_DATA:-$PWD/../shared}
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp halt_on_error=0 exitcode=66"
export UBSAN_OPTIONS=print_stacktrace=1
export OPENBLAS_NUM_THREADS=1
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

unit() {
    for t in "$build"/tests/test_*; do
        [ -x "$t" ] || continue
        case $t in *.d) continue ;; esac
        start=$SECONDS
        CMOCKA_MESSAGE_OUTPUT=STDOUT timeout 3600 "$t" >"$log" 2>&1
        rc=$?
        p=$(grep -c '^\[       OK \]' "$log")
        s=$(grep -c '^\[  SKIPPED \] [a-zA-Z_0-9]*$' "$log")
        if [ $rc -ne 0 ]; then
            f=$(grep -oE '^ ?[0-9]+ FAILED TEST' "$log" | grep -oE '[0-9]+' | tail -1)
            f=${f:-1}
            echo "FAIL $(basename "$t") (exit $rc)"
            tail -n 40 "$log"
        else
            f=0
            s=$(grep -oE '^\[  SKIPPED \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | tail -1)
            s=${s:-0}
            echo "ok   $(basename "$t"): $p passed, $s skipped ($((SECONDS - start)) s)"
        fi
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done
}

scripts() {
    for t in tests/"$1"/*.sh tests/"$1"/*.py; do
        [ -e "$t" ] || continue
        start=$SECONDS
        timeout 3600 "$t" >"$log" 2>&1
        rc=$?
        case $rc in
        0) passed=$((passed + 1)); echo "ok   $t: $(tail -n 1 "$log") ($((SECONDS - start)) s)" ;;
        77) skipped=$((skipped + 1)); echo "skipped $t: $(tail -n 1 "$log")" ;;
        *) failed=$((failed + 1)); echo "FAIL $t (exit $rc)"; tail -n 40 "$log" ;;
        esac
    done
}

for kind in "$@"; do
    case $kind in
    unit) unit ;;
    *) scripts "$kind" ;;
    esac
done
line="$passed passed, $failed failed"
[ $skipped -gt 0 ] && line="$line, $skipped skipped"
echo "$line"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
