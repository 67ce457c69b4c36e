#!/usr/bin/env bash
# The man page and the completions say what --help says.
. "$(dirname "$0")/common.inc"
python3 assets/make_docs.py "$MIEN" "$tmp" || exit 1
for f in mien.1 completion/mien.bash completion/mien.fish; do
    cmp -s "$tmp/$f" "assets/$f" ||
        fail "assets/$f is out of date: run assets/make_docs.py; $(diff "$tmp/$f" "assets/$f" | head -n 3)"
done
bash -n assets/completion/mien.bash || fail "the completion does not parse"
echo "man page and completions are up to date"
