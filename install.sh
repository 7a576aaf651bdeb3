#!/bin/sh
# Installs schnitzel: one executable, into ~/.local/bin. Never needs root. `sh install.sh --help` says the rest.

# For whoever publishes releases to set: the folder on a web server that holds one release, that is what
# `bun run build --all` writes to dist/ (archives and SHA256SUMS), such as https://example.org/schnitzel/0.1.0
SCHNITZEL_BASE_URL=${SCHNITZEL_BASE_URL:-}
# The minisign public key of the releases (its line that starts with RW). With a key here, a release whose
# SHA256SUMS is unsigned or signed by another key is refused.
SCHNITZEL_PUBKEY=${SCHNITZEL_PUBKEY:-}

usage() {
  cat <<'TEXT'
Installs schnitzel into ~/.local/bin, or into DIR/bin with --prefix DIR.

  sh install.sh --from-source     build this checkout (needs npm or bun), leave ./schnitzel, install it
  sh install.sh                   fetch the release at SCHNITZEL_BASE_URL for this machine, verify, install
  sh install.sh --from DIR        the same from a local folder (air gap): archives, SHA256SUMS, SHA256SUMS.minisig

  --prefix DIR    install into DIR/bin (and DIR/lib/schnitzel)
  --version V     the release to take when the folder holds several
  --pubkey KEY    minisign public key that must have signed SHA256SUMS (or SCHNITZEL_PUBKEY)
  --help          this text

A release may bring a faster library for models, which goes to DIR/lib/schnitzel/native.
To uninstall, delete what it names. Exit codes: 0 installed · 1 failed, nothing was changed ·
2 wrong usage, or nowhere to install from · 3 this machine lacks something (platform, tool, home)
TEXT
}

say() { printf 'install: %s\n' "$*"; }
die() { code=$1; shift; printf 'install: %s\n' "$*" >&2; exit "$code"; }

have() { command -v "$1" >/dev/null 2>&1; }

# Whatever happens, no half-written file stays behind; a finished one has been renamed by then.
cleanup() { rm -rf ${work:+"$work"} ${new:+"$new"} ${library:+"$library"}; }

# The words of release names: linux-x64, linux-arm64-musl, darwin-arm64 …
detect_platform() {
  kernel=$(uname -s) machine=$(uname -m)
  case $kernel in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) die 3 "no release for $kernel $machine: releases are for Linux and macOS here; on Windows unpack the windows archive by hand" ;;
  esac
  case $machine in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) die 3 "no release for $kernel $machine: releases are for x86_64 and arm64; build it with --from-source where Bun runs" ;;
  esac
  # A 64-bit kernel with a 32-bit system is common on small ARM boards, and cannot start a 64-bit executable.
  [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ] ||
    die 3 "no release for a 32-bit system on a 64-bit kernel ($kernel $machine): install a 64-bit system"
  libc=''
  if [ "$os" = linux ] && ldd --version 2>&1 | grep -qi musl; then libc=-musl; fi
  platform=$os-$arch$libc
}

# Debian and Alpine have the first, macOS the second.
sha256() {
  if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | sed 's/ .*//'
}

# fetch NAME: gets one file of the release into $work; says why not on stderr.
fetch() {
  if [ -n "$from" ]; then
    cp -- "$from/$1" "$work/$1"
  elif have curl; then
    # 60 s below 1 kB/s is a dead link, not a slow one.
    curl -fsSL --connect-timeout 20 --speed-limit 1000 --speed-time 60 -o "$work/$1" "$SCHNITZEL_BASE_URL/$1"
  elif wget --help 2>&1 | grep -q -e --tries; then
    wget -nv --tries=2 -T 60 -O "$work/$1" "$SCHNITZEL_BASE_URL/$1"
  else
    wget -q -T 60 -O "$work/$1" "$SCHNITZEL_BASE_URL/$1" # BusyBox
  fi
}

verify_signature() {
  if [ -z "$SCHNITZEL_PUBKEY" ]; then
    say "signature NOT verified: no public key is configured (--pubkey)"
    return
  fi
  fetch SHA256SUMS.minisig ||
    die 1 "refused: a public key is configured, but $origin has no readable SHA256SUMS.minisig"
  if ! have minisign; then
    say "signature NOT verified: minisign is not installed"
    return
  fi
  minisign -Vqm "$work/SHA256SUMS" -x "$work/SHA256SUMS.minisig" -P "$SCHNITZEL_PUBKEY" ||
    die 1 "refused: SHA256SUMS is not signed by the key $SCHNITZEL_PUBKEY"
  say "signature of SHA256SUMS verified with minisign, key $SCHNITZEL_PUBKEY"
}

# Finds this machine's line in SHA256SUMS; sets $archive and $expected.
choose_archive() {
  lines=$(awk -v version="$version" -v tail="-$platform.tar.gz" '
    { name = $2; sub(/^\*/, "", name); middle = substr(name, 11, length(name) - 10 - length(tail)) }
    name == "schnitzel-" middle tail && middle ~ /^[0-9]+\.[0-9]+\.[0-9]+([.-][0-9A-Za-z.]+)?$/ &&
      $1 ~ /^[0-9a-fA-F]+$/ && length($1) == 64 && (version == "" || version == middle) &&
      !seen[tolower($1) name]++ { print tolower($1), name }
  ' "$work/SHA256SUMS")
  case $(printf '%s' "$lines" | grep -c .) in
    1) ;;
    0) die 1 "refused: SHA256SUMS at $origin has no checksum for schnitzel-${version:-<version>}-$platform.tar.gz" ;;
    *) die 2 "$origin holds several releases for $platform; choose one with --version:" "$lines" ;;
  esac
  expected=${lines%% *}
  archive=${lines#* }
}

install_release() {
  detect_platform
  say "platform $platform"
  have tar || die 3 "tar is needed to unpack the archive: install it"
  [ -n "$from" ] || have curl || have wget || die 3 "curl or wget is needed to download: install one, or use --from DIR"
  have sha256sum || have shasum || die 3 "sha256sum or shasum is needed to verify the download: install one"
  prepare_target
  work=$(mktemp -d) || die 1 "cannot make a temporary folder in ${TMPDIR:-/tmp}"
  fetch SHA256SUMS || die 1 "cannot get SHA256SUMS from $origin"
  verify_signature
  choose_archive
  fetch "$archive" || die 1 "cannot get $archive from $origin"
  say "got $archive from $origin"
  actual=$(sha256 "$work/$archive")
  [ "$actual" = "$expected" ] ||
    die 1 "refused: $archive has SHA-256 $actual, but SHA256SUMS says $expected: it is damaged or was tampered with"
  say "SHA-256 verified: $actual"
  tar -xzOf "$work/$archive" "${archive%.tar.gz}/schnitzel" >"$new" ||
    die 1 "cannot unpack $archive into $bin, which has $(free_kb) kB free (the message is above); nothing was changed"
  put_in_place
  install_native
}

# The library that makes models faster, where the archive brings it. schnitzel works without, so a failure ends nothing.
install_native() {
  inner=${archive%.tar.gz}/native
  tar -tzf "$work/$archive" | grep -q "^$inner/" || return 0
  native=$prefix/lib/schnitzel/native
  if mkdir -p "$prefix/lib/schnitzel" && library=$(mktemp -d "$prefix/lib/schnitzel/.native.XXXXXX") &&
    tar -xzf "$work/$archive" -C "$library" "$inner" && rm -rf "$native" && mv "$library/$inner" "$native"; then
    say "installed $native, by which models run faster"
  else
    say "NOT installed: $native (the message is above); models run without it, slower"
  fi
}

install_from_source() {
  source_dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
  [ -f "$source_dir/scripts/bun.sh" ] ||
    die 2 "--from-source builds the checkout that install.sh lies in, and $source_dir is none: clone the project first"
  prepare_target
  bun=$(sh "$source_dir/scripts/bun.sh") || die $? "no Bun to build with (the message is above)"
  say "building $source_dir with $bun"
  "$bun" "$source_dir/scripts/build.ts" || die 1 "the build failed (the message is above)"
  cp "$source_dir/schnitzel" "$new" ||
    die 1 "cannot copy $source_dir/schnitzel into $bin, which has $(free_kb) kB free; the build itself is ready"
  put_in_place
  say "built   $source_dir/schnitzel"
}

# Reserves the file that becomes the executable, beside its place so that the rename is atomic. Done before
# the download, so that an unwritable folder is found at once.
prepare_target() {
  mkdir -p "$bin" || die 1 "cannot make $bin: choose another place with --prefix DIR"
  new=$(mktemp "$bin/.schnitzel.XXXXXX") || die 1 "cannot write into $bin: choose another place with --prefix DIR"
}

# tar does not say that a disk is full when it writes to a pipe or a file it did not open.
free_kb() { df -Pk "$bin" | awk 'END { print $4 }'; }

# A running schnitzel keeps its old file until it stops; one that does not start here never replaces it.
put_in_place() {
  chmod 755 "$new"
  started=$("$new" version 2>&1) || die 1 "the new executable does not start on this machine, nothing was changed: $started"
  # A shell runs an empty file as a script and calls that a success.
  case $started in
    "schnitzel "*) ;;
    *) die 1 "refused: what was to be installed is no schnitzel, nothing was changed; it says: $started" ;;
  esac
  # mv would put the executable inside.
  [ ! -d "$bin/schnitzel" ] || die 1 "$bin/schnitzel is a folder: remove it, or choose another place with --prefix DIR"
  what=installed
  [ ! -e "$bin/schnitzel" ] || what=replaced
  mv -f "$new" "$bin/schnitzel" || die 1 "cannot rename $new to $bin/schnitzel"
  new=''
  say "$what $bin/schnitzel ($started)"
  case ":$PATH:" in
    *":$bin:"*) ;;
    *) say "$bin is not on your PATH; add it:  export PATH=\"$bin:\$PATH\"" ;;
  esac
}

argument() { [ -n "${2:-}" ] || die 2 "$1 needs a value; see --help"; }

main() {
  set -eu
  prefix='' from='' version='' mode=release work='' new='' library=''
  while [ $# -gt 0 ]; do
    case $1 in
      --from-source) mode=source ;;
      --from) argument "$@"; from=$2; shift ;;
      --prefix) argument "$@"; prefix=$2; shift ;;
      --version) argument "$@"; version=$2; shift ;;
      --pubkey) argument "$@"; SCHNITZEL_PUBKEY=$2; shift ;;
      -h | --help) usage; exit 0 ;;
      *) die 2 "unknown argument $1; see --help" ;;
    esac
    shift
  done
  [ -n "$prefix" ] || [ -n "${HOME:-}" ] || die 3 "HOME is not set: say where to install with --prefix DIR"
  prefix=${prefix:-$HOME/.local}
  case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
  bin=$prefix/bin
  trap cleanup EXIT
  trap 'exit 1' HUP INT TERM
  if [ $mode = source ]; then
    install_from_source
  else
    SCHNITZEL_BASE_URL=${SCHNITZEL_BASE_URL%/}
    origin=${from:-$SCHNITZEL_BASE_URL}
    [ -n "$origin" ] || die 2 "nowhere to install from: this copy has no release address. Set SCHNITZEL_BASE_URL" \
      "to a release folder, use --from DIR, or build a checkout with --from-source"
    install_release
  fi
}

# Last line on purpose: a script cut short on its way through a pipe does nothing.
main "$@"
