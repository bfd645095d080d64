#!/bin/sh
# Prints the commit of the source tree $1: of its repository, else of its file COMMIT, else "unknown".
# A tree with changes to tracked files says so.
cd "$1" || exit 1
if commit=$(git -c safe.directory='*' rev-parse HEAD 2>/dev/null) && [ -e .git ]; then
    if git -c safe.directory='*' diff --quiet HEAD -- 2>/dev/null; then
        printf '%s\n' "$commit"
    else
        printf '%s-modified\n' "$commit"
    fi
elif [ -r COMMIT ]; then
    cat COMMIT
else
    printf 'unknown\n'
fi
