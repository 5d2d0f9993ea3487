#!/bin/sh
# Installs the rock into a scratch tree and uses it from another folder.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$root"
unset LUA_PATH LUA_CPATH
luarocks --lua-version=5.4 make --tree="$tree" rockspec/cdata-scm-1.rockspec >"$tree/log" 2>&1 || { cat "$tree/log"; exit 1; }
cd /
LUA_PATH="$tree/share/lua/5.4/?.lua;;" LUA_CPATH="$tree/lib/lua/5.4/?.so;;" lua5.4 -e '
local ffi = require("ffi")
ffi.cdef "int abs(int);"
assert(ffi.C.abs(-5) == 5 and package.searchpath("ffi", package.path):find("'"$tree"'", 1, true) == 1)
print("installed rock works: ffi " .. ffi.VERSION)'
size=$(wc -c <"$tree/lib/lua/5.4/ffi_core.so")
[ "$size" -lt 2097152 ] || { echo "module is $size bytes: more than 2 MB"; exit 1; }
echo "module: $size bytes"
