#!/bin/sh
# Memory networks on the real files of bAbI, with the default recipe: of each ten tasks at least eight end within 3 points
# of the published error of one network per task, and one network for all of them is as good on average. Prints TAP.
# STORIES_KEEP: a file for the table that bench/stories shows.
. "${srcdir:=.}/tests/tap.sh"
srcdir=$(cd "$srcdir" && pwd) || exit 99
rescore=${RESCORE:-$(pwd)/rescore}
data=${RESCORE_TEST_DATA:-none}/babi/babi_en_1k_tasks1-10.tar.gz
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-stories.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
if [ ! -f "$data" ]; then
    skip "the tasks of bAbI" "no RESCORE_TEST_DATA"
    plan
    exit 0
fi
cd "$work" && tar xzf "$data" || exit 99
"$srcdir/bench/stories/stories.sh" "$rescore" en > table 2> err
ok "all tasks are trained, one by one and jointly" "$?" "$(tail -2 err)"
[ -z "$STORIES_KEEP" ] || cp table "$STORIES_KEEP"
# Columns: task, name, ours with its interval, published. The first table is of single tasks, the second joint.
awk -F '|' '/one network for all/ { joint = 1 }
    $2 + 0 > 0 { n[joint]++; ours[joint] += $4; theirs[joint] += $5; near[joint] += $4 <= $5 + 3 }
    END { printf "%d %d %d %d\n", n[0], near[0], n[1], ours[1] <= theirs[1] + 3 * n[1] }' joint=0 table > counts
read -r n near n_joint joint_near < counts
[ "$n" -ge 10 ] && [ $((10 * near)) -ge $((8 * n)) ]
ok "$near of $n tasks are within 3 points of the published error or better" "$?" "$(cat table)"
[ "$n_joint" -eq "$n" ] && [ "$joint_near" -eq 1 ]
ok "one network for all is within 3 points of the published mean or better" "$?" "$(cat table)"
plan
