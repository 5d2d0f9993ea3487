#!/bin/sh
# Gets together what `make aarch64` needs on an x86-64 Debian: a cross compiler and an emulator from the system's packages; Lua,
# LuaJIT, zlib, SQLite and the C library for AArch64, and a Rust that has the target's standard library, unpacked into
# build/aarch64. The system gets no foreign architecture and no second Rust.
#
#   build/aarch64/sysroot   what the target has installed
#   build/aarch64/rust      Debian's rustc; left out where the one at hand has the target (rustup target add ...)
#   build/aarch64/bin       cc, c++, rustc, lua5.4, luajit, pkg-config and `run`: the tests meet the target by putting this on their path
set -eu
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu
root=$PWD/build/aarch64
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

host="gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static gcc make pkg-config lua5.4 lua-busted"
guest="libc6 libc6-dev linux-libc-dev libcrypt1 libgcc-s1 libstdc++6 lua5.4 liblua5.4-0 liblua5.4-dev libreadline8 libtinfo6
    lua-filesystem lua-system lua-term luajit libluajit-5.1-2 libluajit-5.1-common zlib1g zlib1g-dev libsqlite3-0 libsqlite3-dev"

missing=
for package in $host; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || { echo "please install:$missing"; exit 1; }
    echo "installing:$missing"
    $sudo apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qy --no-install-recommends $missing >/dev/null
fi
[ -e "$root/done" ] && exit 0

# apt with lists of its own, for the target's architecture.
mkdir -p "$root/apt/state/lists/partial" "$root/apt/cache/archives/partial" "$root/deb" "$root/sysroot" "$root/rust" "$root/bin"
: >"$root/apt/status"
cat >"$root/apt/conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "$(id -un)";
Dir::State "$root/apt/state";
Dir::State::status "$root/apt/status";
Dir::Cache "$root/apt/cache";
Acquire::Languages "none";
END
guest_apt() { APT_CONFIG="$root/apt/conf" apt-get -q "$@"; }
unpack() {
    for package in "$root"/deb/*.deb; do dpkg -x "$package" "$1"; done
    rm -f "$root"/deb/*.deb
}
echo "unpacking the target's packages into build/aarch64"
guest_apt update >/dev/null
# shellcheck disable=SC2086
(cd "$root/deb" && guest_apt download $guest >/dev/null)
unpack "$root/sysroot"

rustc=$(command -v rustc || echo none)
if [ -d "$("$rustc" --print target-libdir --target $target 2>/dev/null || echo none)" ]; then
    libraries=
else
    # Debian's compiler and what it needs that is not installed; then the same version's libraries for the target.
    $sudo apt-get update -q >/dev/null
    apt-get -qy -o Debug::NoLocking=1 -o Dir::Cache::archives="$root/deb" -o APT::Sandbox::User="$(id -un)" \
        --no-install-recommends --download-only --reinstall install rustc-web libstd-rust-web-dev >/dev/null
    (cd "$root/deb" && guest_apt download libstd-rust-web-dev >/dev/null)
    rm -rf "$root/deb/partial"
    unpack "$root/rust"
    rustc=$root/rust/usr/bin/rustc
    libraries=$root/rust/usr/lib/x86_64-linux-gnu
fi

qemu=$(command -v qemu-aarch64-static)
script() {
    cat >"$root/bin/$1"
    chmod +x "$root/bin/$1"
}
for language in cc:gcc c++:g++; do
    script ${language%:*} <<END
#!/bin/sh
exec aarch64-linux-gnu-${language#*:} --sysroot='$root/sysroot' "\$@"
END
done
script rustc <<END
#!/bin/sh
LD_LIBRARY_PATH='$libraries' exec '$rustc' "\$@"
END
script run <<END
#!/bin/sh
# What the tests ask for is the target's, too.
export PATH='$root/bin':"\$PATH" CDATA_RUN='$root/bin/run'
exec '$qemu' -L '$root/sysroot' "\$@"
END
for program in lua5.4 luajit; do
    script $program <<END
#!/bin/sh
exec '$qemu' -L '$root/sysroot' -0 '$root/bin/$program' '$root/sysroot/usr/bin/$program' "\$@"
END
done
script pkg-config <<END
#!/bin/sh
PKG_CONFIG_LIBDIR='$root/sysroot/usr/lib/aarch64-linux-gnu/pkgconfig' PKG_CONFIG_SYSROOT_DIR='$root/sysroot' exec /usr/bin/pkg-config "\$@"
END
rm -rf "$root/deb" "$root/apt"
touch "$root/done"
