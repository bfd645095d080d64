#!/bin/sh
# Fails, naming the package, where a tool that the tests cannot do without is missing.
echo "1..3"
if pkg-config --exists 'criterion >= 2.4'; then echo "ok 1 - Criterion is installed"
else echo "not ok 1 - Criterion is installed: install the package libcriterion-dev"; fi
if command -v ngspice > /dev/null; then echo "ok 2 - ngspice is installed"
else echo "not ok 2 - ngspice is installed: install the package ngspice"; fi
if ldconfig -p 2> /dev/null | grep -q 'libngspice\.so\.0' || /sbin/ldconfig -p | grep -q 'libngspice\.so\.0'; then
    echo "ok 3 - libngspice is installed"
else echo "not ok 3 - libngspice is installed: install the package libngspice0"; fi
