#!/bin/sh
# tests/cli_latch.sh with 800 latches of each: the spread within some percent of Pelgrom's law. Prints TAP.
LATCH_N=800; export LATCH_N
exec sh "${srcdir:-.}/tests/cli_latch.sh"
