#!/bin/sh
# `make headers`: installs the headers of some fifty libraries (Debian) and lets cc judge what we make of them.
set -eu
packages="libcurl4-openssl-dev libssl-dev libpng-dev libjpeg-dev libx11-dev libgl-dev libsdl2-dev libglib2.0-dev libgtk-3-dev libxml2-dev libuv1-dev
liblua5.4-dev libavcodec-dev libavformat-dev libpq-dev libncurses-dev libreadline-dev libexpat1-dev libfreetype-dev libfontconfig-dev libcairo2-dev
libpango1.0-dev libgmp-dev liblzma-dev libbz2-dev libzstd-dev liblz4-dev libevent-dev libusb-1.0-0-dev libssh2-1-dev libyaml-dev libjansson-dev
libjson-c-dev libffi-dev libarchive-dev libasound2-dev libopus-dev libvorbis-dev libogg-dev libflac-dev libpcre2-dev zlib1g-dev libsqlite3-dev"
missing=""
for p in $packages; do dpkg -s "$p" >/dev/null 2>&1 || missing="$missing $p"; done
if [ -n "$missing" ]; then
  sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qy --no-install-recommends $missing >/dev/null
fi
CDATA_HEADERS=all cargo test --release --test headers -- --nocapture
