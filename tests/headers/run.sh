#!/bin/sh
# Reads real headers of some eighty sets and lets cc judge: `make headers`. Installs Debian's packages for them first, where
# there is apt and the right to use it; what is missing is named in the last line of the table.
set -eu
cd "$(dirname "$0")/../.."
packages=$(grep -v '^#' tests/headers/packages.txt)
missing=
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    # shellcheck disable=SC2086
    if command -v apt-get >/dev/null &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >/dev/null; then
        :
    else
        echo "not installed:$missing" >&2
    fi
fi
exec cargo test --release --test headers -- --ignored --nocapture
