#!/bin/sh
# The specs in each of Lua 5.4's releases: `make releases`. RELEASES="0 8" for some. (5.4.5 was withdrawn.)
#
# Lua's stack is read where it lies if a probe finds it laid out as expected, as in all of them but 5.4.0. Specs that build a host of Lua's library
# are the system's Lua's alone.
set -eu
cd "$(dirname "$0")/../.."
build=$PWD/build/releases
paths="$(lua5.4 -e 'print(package.path)');;"
cpaths="$(lua5.4 -e 'print(package.cpath)');;"
for release in ${RELEASES:-0 1 2 3 4 6 7 8}; do
    ${CARGO:-cargo} build -q --release --manifest-path tests/releases/Cargo.toml --features "r$release" --target-dir "$build/target"
    mkdir -p "$build/5.4.$release"
    cp "$build/target/release/lua-release" "$build/5.4.$release/lua5.4"
    echo "== Lua 5.4.$release"
    env PATH="$build/5.4.$release:$PATH" LUA=lua5.4 LUA_PATH="$paths" LUA_CPATH="$cpaths" CDATA_RELEASE="$release" \
        lua5.4 spec/run.lua $(ls spec/*_spec.lua | grep -v /host_spec)
done
