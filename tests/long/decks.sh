#!/bin/sh
# The decks of spice/decks that take minutes. Prints TAP.
DECKS_SIZES=32 DECKS_SENSITIVITIES=yes; export DECKS_SIZES DECKS_SENSITIVITIES
exec sh "${srcdir:-.}/tests/decks.sh"
