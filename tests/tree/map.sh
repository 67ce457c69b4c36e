#!/usr/bin/env bash
# The map of modules and their table in CONTRIBUTING.md are what src/modules.txt says.
cd "$(dirname "$0")/../.." && exec python3 assets/dev/make_map.py --check
