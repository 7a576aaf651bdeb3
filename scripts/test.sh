#!/bin/sh
# Runs everything that says whether schnitzel works: `sh scripts/test.sh`, or one tier: `sh scripts/test.sh unit`.
# As root on Debian it first installs what the tests need beside Node (the ones that are missing); anything
# still absent skips its tests loudly, or fails them where CI is set. The last line is the sum.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
# Where mkfs and losetup are, which a user's PATH often leaves out, comes last.
export PATH="$root/.toolchain/bin:$PATH:/usr/sbin:/sbin"

have() { command -v "$1" >/dev/null 2>&1; }
apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null >/dev/null; }

# want COMMAND PACKAGE: adds the package when the command is missing.
want() { have "$1" || missing="$missing $2"; }

# A video of people in a street.
street_file=examples/data/vtest.avi

install_parts() {
  missing=''
  [ ! -e /dev/fuse ] || want bindfs bindfs
  want chromium chromium
  want curl curl
  # gcc alone has no headers.
  want dpkg-source dpkg-dev
  [ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
  want espeak-ng espeak-ng
  want faketime faketime
  want ffmpeg ffmpeg
  want gcc gcc
  want git git
  want make make
  want minisign minisign
  want mkfs.ext4 e2fsprogs
  want nasm nasm
  want openssl openssl
  want patch patch
  want shellcheck shellcheck
  want strace strace
  want wget wget
  want xz xz-utils
  if [ "$(uname -m)" = x86_64 ]; then
    want qemu-aarch64-static qemu-user-static
    want aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
    [ -e /usr/aarch64-linux-gnu/include/stdio.h ] || missing="$missing libc6-dev-arm64-cross"
    [ -e /lib/ld-linux-aarch64.so.1 ] || missing="$missing libc6:arm64"
  fi
  promtool=''
  have promtool || promtool=' promtool'
  street=''
  [ -e "/usr/share/doc/opencv-doc/$street_file" ] || [ -e .toolchain/opencv-doc/vtest.avi ] || street=' vtest.avi'
  if [ -z "$missing$promtool$street" ]; then return 0; fi
  echo "test.sh: installing$missing$promtool$street" >&2
  case $missing in *:arm64*) dpkg --add-architecture arm64 ;; esac
  apt update || return 1
  # One by one: a package that cannot be had must not keep the others out.
  for package in $missing; do
    apt install -y --no-install-recommends "$package" || echo "test.sh: cannot install $package" >&2
  done
  [ -z "$promtool" ] || install_promtool || echo "test.sh: cannot get promtool" >&2
  [ -z "$street" ] || install_street || echo "test.sh: cannot get vtest.avi" >&2
}

# Only this one file of the package: installed whole it is 274 MB, and small images of Debian leave out all of /usr/share/doc.
install_street() {
  mkdir -p .toolchain/opencv-doc
  (cd .toolchain/opencv-doc && apt download -o APT::Sandbox::User=root opencv-doc &&
    dpkg-deb --fsys-tarfile opencv-doc_*.deb | tar -xO "./usr/share/doc/opencv-doc/$street_file" >vtest.avi.tmp &&
    rm opencv-doc_*.deb && mv vtest.avi.tmp vtest.avi)
}

# Only this one file of the package: installed whole it would start a server.
install_promtool() {
  mkdir -p .toolchain/bin .toolchain/prometheus
  (cd .toolchain/prometheus && apt download -o APT::Sandbox::User=root prometheus && dpkg-deb -x prometheus_*.deb .) &&
    mv .toolchain/prometheus/usr/bin/promtool .toolchain/bin/promtool &&
    rm -rf .toolchain/prometheus
}

if [ "$(id -u)" = 0 ] && have apt-get; then
  install_parts || echo "test.sh: apt-get has no package lists; going on without" >&2
else
  echo "test.sh: not root on Debian, so nothing is installed; tests whose tools are missing say so" >&2
fi

bun=$(sh scripts/bun.sh)
"$bun" scripts/build.ts
# The ffmpeg of the arm64 archive, once a machine, so that no test waits for a compiler. Without it the archive is slim.
"$bun" scripts/ffmpeg/build.ts linux-arm64 || echo "test.sh: no ffmpeg for arm64; its tests say so" >&2
# The tests run this one, and no older one that a person may have left on PATH.
export SCHNITZEL_BINARY="$root/schnitzel"
exec "$bun" scripts/ok.ts "$@"
