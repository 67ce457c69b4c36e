#!/usr/bin/env bash
# The man page and the completions say what --help says, and Tab offers every subcommand.
. "$(dirname "$0")/common.inc"
python3 assets/dev/make_docs.py "$MIEN" "$tmp" || exit 1
for f in mien.1 completion/mien.bash completion/mien.fish; do
    cmp -s "$tmp/$f" "assets/$f" ||
        fail "assets/$f is out of date: run assets/dev/make_docs.py; $(diff "$tmp/$f" "assets/$f" | head -n 3)"
done
bash -n assets/completion/mien.bash || fail "the completion does not parse"

here=$PWD
mkdir "$tmp/empty"
offers() { # WORD COMMAND…: Tab after `mien COMMAND…` offers WORD
    want=$1
    shift
    (
        cd "$tmp/empty" || exit 1
        . "$here/assets/completion/mien.bash"
        COMP_WORDS=(mien "$@") COMP_CWORD=$#
        _mien
        printf '%s\n' "${COMPREPLY[@]}"
    ) >"$tmp/offered"
    grep -qx -- "$want" "$tmp/offered" || fail "Tab after \"mien $*\" offers no $want: $(tr '\n' ' ' <"$tmp/offered")"
    ! grep -q -- '--help' "$tmp/offered" || [[ "${*: -1}" == -* ]] ||
        fail "Tab after \"mien $*\" offers options where none is begun"
}
commands=$("$MIEN" --help | sed -nE 's/^  ([a-z]+) +[^ ].*/\1/p')
[ -n "$commands" ] || fail "mien --help lists no commands"
subcommands=0
for c in $commands; do
    offers "$c" ''
    offers --help "$c" --
    usage=$("$MIEN" "$c" --help)
    subs=$(sed -n 's/^subcommands: //p' <<<"$usage" | tr '|' ' ')
    for s in $subs; do
        offers "$s" "$c" ''
        grep -q "mien $c.*[ |]$s\b" <<<"$usage" || fail "mien $c --help lists $s, and not what it is for"
        subcommands=$((subcommands + 1))
    done
    # What the code compares its first argument with is in that list.
    for s in $(sed -nE 's/.*strcmp\((args\[0\]|argv\[1\]), "([a-z]+)"\).*/\2/p' "src/app/cmd_$c.c"); do
        grep -qw "$s" <<<"$subs" || fail "mien $c takes \"$s\", which its --help does not list"
    done
done
for s in turned textures marks expressions; do
    offers "$s" prepare ''
done
offers seal model s
offers --sheets eval detect --sh
offers --packs-only train detect --
for shape in uv landmarks; do
    offers "$shape" live --mode ''
done

# No line of --help is cut: an option's argument is in it as the source has it.
"$MIEN" train --help >"$tmp/help"
grep -q -- '--weighting tuned|equal|normalised|running|uncertainty|random|dwa|famo$' "$tmp/help" || fail "--weighting is cut"
echo "man page and completions are up to date; $subcommands subcommands"
