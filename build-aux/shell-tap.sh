#!/bin/sh
# Runs a shell test, which prints TAP itself, and adds how long it took.
start=$(date +%s.%N)
sh "$@"
status=$?
awk -v a="$start" -v b="$(date +%s.%N)" -v p="${1##*/}" 'BEGIN { printf "# seconds %.2f %s\n", b - a, p }'
exit $status
