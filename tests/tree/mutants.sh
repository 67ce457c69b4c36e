#!/usr/bin/env bash
# Every small fault of tests/mutants.txt still has its place in the sources, and its test.
exec "$(dirname "$0")/../mutants.sh" --check
