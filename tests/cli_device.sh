#!/bin/sh
# `device list` and `device show` from outside. TAP.
. "${srcdir:=.}/tests/tap.sh"
python=/usr/bin/python3
work=$(mktemp -d "${TMPDIR:-/tmp}/rescore-device.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
check() { ok "$1" "$?" "$(cat out err 2> /dev/null | tail -20)"; }
refused() { # refused STATUS PATTERN NAME ARGUMENTS...
    expected=$1 pattern=$2 name=$3; shift 3
    "$RESCORE" device "$@" > out 2> err
    found=$?
    [ "$found" -eq "$expected" ] && grep -q -- "$pattern" err && [ ! -s out ]
    ok "$name" "$?" "exit $found: $(cat out err)"
}

"$RESCORE" device list > out 2> err && grep -q '^wan2022  *1 uS to 40 uS  *secondary' out && [ ! -s err ]
check "the list names windows and the weakest source"
"$RESCORE" device list --json > out 2> err && $python -c '
import json
cards = json.load(open("out"))["cards"]
names = [card["name"] for card in cards]
wanted = "ideal wan2022 wan2022-crosssim cmo-accept02 cmo-accept2 milo2021 pcm-nandakumar pcm-joshi hermes1 hermes2 worst-stuck10"
assert not set(wanted.split()) - set(names), names
assert all(0 <= card["g_min_siemens"] < card["g_max_siemens"] for card in cards)
wan = next(card for card in cards if card["name"] == "wan2022")
assert wan["times_seconds"] == [1, 86400, 172800] and len(wan["sigma_mid_siemens"]) == 3 and wan["summary"]' 2>> err
check "the list as JSON"
"$RESCORE" device show wan2022 > out 2> err && grep -q 'Wan et al., Nature' out && grep -q 'secondary' out && grep -q '^ *target  *1 s  *1 day  *2 days$' out &&
    grep -q '^    sigma  *348 nS, 16.03 uS, -43.853 uS, 45.393 uS, -16.815 uS,$' out
check "a card with its sources, figures and times"
"$RESCORE" device show pcm-nandakumar > out 2> err && grep -q '^ *target  *20 s  *1 hour  *1 day  *1 year$' out
check "times that are not listed are round ones of its range"
"$RESCORE" device show milo2021 > out 2> err && grep -q '^times after the write: any$' out && grep -q 'at any time$' out
check "figures that know no time say so"
"$RESCORE" device show wan2022 --json > out 2> err && $python -c '
import json
card = json.load(open("out"))
assert card["times_seconds"] == [1, 86400, 172800] and card["knows_time"], card
sigma = card["sigma_siemens"]
assert len(sigma) == 5 and all(len(row) == 3 for row in sigma)
assert abs(sigma[4][0] / 1.103e-6 - 1) < 0.03, sigma[4] # the polynomial at 40 uS
assert card["blocks"]["programming"]["confidence"] == "secondary"' 2>> err
check "a card as JSON"
"$RESCORE" device show wan2022 > out 2> err
# The first row is the smallest state at 1 s: sigma(1 uS) = 0.722 uS cut at 0, mean 1.03 uS (closed form).
grep '^  *1 uS' out | awk '{ if ($3 < 1.01 || $3 > 1.06 || $5 < 0.63 || $5 > 0.70) exit 1 }'
check "its smallest state, cut at 0"
"$RESCORE" device show wan2022 --yaml > mine.yaml 2> err && "$RESCORE" device show ./mine.yaml > other 2>> err && cmp out other
check "a card written out is the same card"
sed 's/^name: .*/name: mine/; s/0.348 uS/-1 kg/' mine.yaml > bad.yaml
refused 65 "bad.yaml:[0-9]*:[0-9]*: error: 'sigma'" "a bad card says where" show ./bad.yaml
refused 65 "no card named 'wan2023'" "a card that is none" show wan2023
refused 64 "card's name or file expected" "show without a name" show
refused 64 "'fly' found, list, show NAME or fit DATA.csv expected" "an unknown verb" fly
refused 74 "nofile.yaml" "a file that is not there" show ./nofile.yaml
plan
