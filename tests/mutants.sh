#!/usr/bin/env bash
# Small faults put into the sources one by one: does the test named for each notice?
#   tests/mutants.sh [WORD…]     those of tests/mutants.txt whose file, test or words hold a WORD; all
#   tests/mutants.sh --check     only: does every one still apply?
# The checkout is not touched: the faults go into a copy of it, with its build of CONF (release),
# where each is compiled, linked to its test and taken back. The last line is "N killed, N survived",
# after it what could not be judged; the exit status is 0 when all were killed.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD list=tests/mutants.txt conf=${CONF:-release}
check=
[ "${1:-}" != --check ] || { check=1; shift; }

# The list as lines of FILE, TEST, WORDS, OLD, NEW with tabs; faults in the list's form end it.
parse() {
    awk -v OFS='\t' '
        function bad(why) { print FILENAME ":" NR ": " why >"/dev/stderr"; failed = 1; exit 1 }
        /^#/ || /^$/ { if (want) bad("a mutant has no \"" want "\" line"); next }
        /\t/ { bad("a tab") }
        /^- / { if (want != "-") bad("\"-\" out of place"); old = substr($0, 3); want = "+"; next }
        /^\+ / { if (want != "+") bad("\"+\" out of place")
                 if (substr($0, 3) == old) bad("nothing changes")
                 print file, test, words, old, substr($0, 3); want = ""; next }
        { if (want || NF < 3) bad("not FILE TEST WORDS")
          file = $1; test = $2; words = $0; sub(/^[^ ]+ +[^ ]+ +/, "", words); want = "-" }
        END { if (!failed && want) bad("the last mutant is not whole") }' "$list"
}
# Puts NEW in the place of OLD, which is there once, in one line of FILE, to standard output.
apply() { # FILE OLD NEW
    OLD=$2 NEW=$3 awk '
        { line = $0; at = index(line, ENVIRON["OLD"])
          if (at) { n++; rest = substr(line, at + length(ENVIRON["OLD"]))
                    if (index(rest, ENVIRON["OLD"])) n++
                    line = substr(line, 1, at - 1) ENVIRON["NEW"] rest }
          print line }
        END { exit n != 1 }' "$1"
}
script_of() { # TEST: the script of a test that is one
    case $1 in e2e/*) echo "tests/$1.sh" ;; esac
}

parse >/dev/null || exit 2
if [ -n "$check" ]; then
    n=0 bad=0 modules=' '
    wrong() {
        echo "$file, $words: $*"
        bad=$((bad + 1))
    }
    while IFS=$'\t' read -r file test words old new; do
        n=$((n + 1)) module=${file#src/} module=${module%%/*}
        modules="$modules$module "
        [ -e "tests/unit/$test.c" ] || [ -e "tests/$test.sh" ] || wrong "there is no test \"$test\""
        [ "$(grep -oF -- "$old" "$file")" = "$old" ] || wrong "not there once: $old"
    done < <(parse)
    for m in src/*/; do
        m=${m#src/}
        [[ $modules == *" ${m%/} "* ]] || { echo "no mutant is of src/$m"; bad=$((bad + 1)); }
    done
    [ $bad = 0 ] || { echo "$bad of $n mutants do not apply: put $list right"; exit 1; }
    echo "$n mutants apply"
    exit 0
fi

[ -e "build/$conf/libmien-all.a" ] || { echo "build/$conf is not there: make build lib"; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
tree=$tmp/tree b=build/$conf
mkdir -p "$tree/$b"
{ git ls-files -z 2>/dev/null && git ls-files -z --others --exclude-standard; } |
    xargs -0 sh -c 'for f; do [ -e "$f" ] && printf "%s\0" "$f"; done' sh |
    tar -cf - --null -T - | tar -C "$tree" -xf - || exit 2
cp -a build/.packages "$tree/build/" 2>/dev/null
(cd "$b" && tar -cf - obj pic lib libmien-all.a mien mien-live mien-train .mpi-*) | tar -C "$tree/$b" -xf - || exit 2
cd "$tree" || exit 2
export MIEN_BUILD=$tree/$b MIEN=$tree/$b/mien MIEN_DATA=${MIEN_DATA:-$root/../shared}
export OPENBLAS_NUM_THREADS=1
unset MIEN_HOME

# Builds what TEST needs; a mutant may bring warnings with it.
build() { # TEST
    case $1 in
    e2e/library) make -s CONF="$conf" "$b/mien" "$b/mien-live" "$b/mien-train" "$b"/lib/libmien.so.0 "$b/lib/libmien.a" ;;
    e2e/*) make -s CONF="$conf" "$b/mien" "$b/mien-live" "$b/mien-train" ;;
    *) make -s CONF="$conf" "$b/tests/$1" ;;
    esac >"$tmp/log" 2>&1 </dev/null
}
# 0: it passes, 77: it did not run, else it fails. A fault may make it hang.
run() { # TEST SECONDS
    local rc script
    script=$(script_of "$1")
    timeout -k 5 "$2" "${script:-$b/tests/$1}" >"$tmp/log" 2>&1 </dev/null
    rc=$?
    [ $rc = 77 ] || [ -n "$script" ] || [ $rc != 0 ] || grep -q '^\[       OK \]' "$tmp/log" || rc=77
    return $rc
}

# A source file and the objects made of it are put back as they were, with their times, so that none
# is compiled again; what is linked of them is made anew.
keep() {
    cp -p "$file" "$tmp/kept"
    touch "$tmp/mark"
}
take_back() {
    cp -p "$tmp/kept" "$file"
    (cd "$b" && find obj pic -name '*.o' -newer "$tmp/mark" -exec cp -p "$tmp/objects/{}" {} \;)
    rm -f "$b/libmien-all.a"
}
if ! make -s CONF="$conf" "$b/mien" "$b/mien-live" "$b/mien-train" >"$tmp/log" 2>&1; then
    tail -n 5 "$tmp/log"
    exit 2
fi
mkdir "$tmp/objects" && cp -a "$b/obj" "$b/pic" "$tmp/objects/" || exit 2

killed=0 survived=0 unjudged=0
declare -A limit # by test: seconds, ten times what it takes without a fault
while IFS=$'\t' read -r file test words old new; do
    if [ $# -gt 0 ]; then
        hit=
        for w in "$@"; do
            case "$file $test $words" in *"$w"*) hit=1 ;; esac
        done
        [ -n "$hit" ] || continue
    fi
    start=$SECONDS verdict=
    if [ -z "${limit[$test]:-}" ]; then # without a fault it passes
        build "$test" && begun=$SECONDS && run "$test" 900
        rc=$?
        if [ $rc = 0 ]; then
            limit[$test]=$((60 + 10 * (SECONDS - begun)))
        else
            verdict="not judged: $test does not pass as it is"
        fi
    fi
    if [ -z "$verdict" ]; then
        keep
        if ! apply "$tmp/kept" "$old" "$new" >"$file"; then
            verdict="not judged: it does not apply"
        elif ! build "$test"; then
            verdict="not judged: it does not compile: $(grep -m 1 error "$tmp/log")"
        else
            run "$test" "${limit[$test]}"
            case $? in
            0) verdict=survived ;;
            77) verdict="not judged: $test was skipped" ;;
            *) verdict=killed ;;
            esac
        fi
        take_back
    fi
    case $verdict in
    killed) killed=$((killed + 1)) ;;
    survived) survived=$((survived + 1)) ;;
    *) unjudged=$((unjudged + 1)) ;;
    esac
    printf '%-8s %s (%s, %d s)  %s\n' "$verdict" "$file" "$test" $((SECONDS - start)) "$words"
done < <(parse)
line="$killed killed, $survived survived"
[ $unjudged = 0 ] || line="$line, $unjudged not judged"
echo "$line"
[ $survived = 0 ] && [ $unjudged = 0 ] && [ $killed -gt 0 ]
