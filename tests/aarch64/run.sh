#!/bin/sh
# The tests on AArch64 Linux, under emulation: `make aarch64`. cargo's, the specs, the rows against LuaJIT. Everything that a test
# asks for (cc, luajit, lua5.4) is the target's too, so the same judges judge.
#
#   make aarch64 PARTS="cargo spec oracle"      any of the three
set -eu
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu
root=$PWD/build/aarch64
bin=$root/bin
parts=${PARTS:-cargo spec oracle}

# Link-time optimisation would take most of the time, and no time is measured here.
cargo() {
    env RUSTC="$bin/rustc" CARGO_TARGET_DIR="$root/target" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CC_aarch64_unknown_linux_gnu="$bin/cc" CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER="$bin/cc" \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="$bin/run" "${CARGO:-cargo}" "$@"
}

for part in $parts; do
    case $part in
    cargo)
        # shellcheck disable=SC2086
        cargo test --release --target $target ${TESTS:---lib --tests}
        ;;
    spec | oracle)
        cargo build --release --target $target
        mkdir -p "$root/lua/5.4"
        cp "$root/target/$target/release/libffi_core.so" "$root/lua/5.4/ffi_core.so"
        # The specs look for the fixture in build/ of where they are.
        mkdir -p "$root/tree/build"
        for item in bin benches docs examples lua spec README.md CONTRIBUTING.md CHANGELOG.md; do ln -sfn "$PWD/$item" "$root/tree/$item"; done
        "$bin/cc" -O1 -g -fPIC -shared -o "$root/tree/build/libfixture.so" spec/fixture/fixture.c -lm -lpthread
        (
            cd "$root/tree"
            export PATH="$bin:$PATH" CDATA_ROOT="$root/tree" CDATA_RUN="$bin/run"
            export LUA_PATH="$root/tree/lua/?.lua;$root/tree/spec/?.lua;;" LUA_CPATH="$root/lua/5.4/?.so;;"
            if [ $part = oracle ]; then
                lua5.4 spec/oracle/run.lua
            else
                # shellcheck disable=SC2086
                lua5.4 "$root/tree/spec/run.lua" ${SPECS:-spec/*_spec.lua}
            fi
        )
        ;;
    *)
        echo "no such part: $part"
        exit 1
        ;;
    esac
done
