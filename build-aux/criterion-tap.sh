#!/bin/sh
# Runs a Criterion program and prints TAP. Sanitizer reports, which Criterion itself passes over, end the run.
program=$1
out=$(mktemp -d "${TMPDIR:-/tmp}/rescore-tap.XXXXXX") || exit 99
trap 'rm -rf "$out"' EXIT
export ASAN_OPTIONS="log_path=$out/san:${ASAN_OPTIONS}"
export UBSAN_OPTIONS="log_path=$out/san:print_stacktrace=1:${UBSAN_OPTIONS}"
start=$(date +%s.%N)
"$program" --tap="$out/tap" > /dev/null
status=$?
cat "$out"/san.* >&2 2>/dev/null
if [ -s "$out/tap" ]; then cat "$out/tap"; else echo "Bail out! $program gave no TAP"; fi
# shellcheck disable=SC2012
if ls "$out"/san.* > /dev/null 2>&1; then echo "Bail out! sanitizer report, see the log"; fi
awk -v a="$start" -v b="$(date +%s.%N)" -v p="$program" 'BEGIN { printf "# seconds %.2f %s\n", b - a, p }'
exit $status
