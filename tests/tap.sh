# TAP for shell tests; source it. Each check is one line; `plan` prints the count at the end.
n_checks=0
ok() { # ok NAME STATUS [DETAIL]
    n_checks=$((n_checks + 1))
    if [ "$2" -eq 0 ]; then printf 'ok %d - %s\n' "$n_checks" "$1"
    else printf 'not ok %d - %s\n' "$n_checks" "$1"; [ -z "${3-}" ] || printf '%s\n' "$3" | sed 's/^/# /'; fi
}
skip() { # skip NAME REASON
    n_checks=$((n_checks + 1))
    printf 'ok %d - %s # SKIP %s\n' "$n_checks" "$1" "$2"
}
plan() { printf '1..%d\n' "$n_checks"; }
