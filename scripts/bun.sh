#!/bin/sh
# Prints the path of a Bun that can build this project, and installs the project's packages with it.
# A `bun` on PATH is taken when it is as new as the one package.json pins; otherwise that one is
# installed with npm into .toolchain/ (through whatever registry npm is configured for).
# Progress goes to stderr, the path alone to stdout. Exit code 3: no Bun, and no way to get one.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
pinned=$(sed -n 's/.*"packageManager": *"bun@\([0-9][0-9.]*\)".*/\1/p' "$root/package.json")

# Node trusts only the authorities it ships with. Behind a company's TLS proxy the registry is signed by one
# that only the system knows, so npm and Bun are pointed at the system's list, as curl and apt are.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
  if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r "$bundle" ]; then
    export NODE_EXTRA_CA_CERTS="$bundle"
  fi
done

say() { printf '%s\n' "$*" >&2; }
die() { say "bun.sh: $*"; exit 3; }

# usable FILE: it runs on this machine (npm may have left a stub, or a build for a newer CPU), and its
# version is at least the pinned one. 1.10.0 is newer than 1.9.9, so the parts are compared as numbers.
usable() {
  found=$("$1" --version 2>/dev/null) || return 1
  printf '%s\n%s\n' "$found" "$pinned" | awk -F '[.-]' '
    NR == 1 { a = $1 + 0; b = $2 + 0; c = $3 + 0 }
    NR == 2 { exit !(a > $1 || (a == $1 && (b > $2 || (b == $2 && c >= $3)))) }'
}

# Where npm puts the real executable: `bun` when its install script may run, else the package of the
# platform (several of them on x64: with and without AVX2, glibc and musl; the first that runs is taken).
installed() {
  for file in "$root"/.toolchain/node_modules/bun/bin/bun.exe "$root"/.toolchain/node_modules/@oven/bun-*/bin/bun; do
    if [ -f "$file" ] && usable "$file"; then
      printf '%s\n' "$file"
      return 0
    fi
  done
  return 1
}

bun=$(command -v bun 2>/dev/null) || bun=
if [ -z "$bun" ] || ! usable "$bun"; then
  if ! bun=$(installed); then
    command -v npm >/dev/null 2>&1 ||
      die "no bun >= $pinned on PATH and no npm to install it with: install Node.js (which has npm) or Bun $pinned"
    say "bun.sh: installing bun $pinned into $root/.toolchain with npm"
    mkdir -p "$root/.toolchain"
    npm install --prefix "$root/.toolchain" "bun@$pinned" --no-audit --no-fund --loglevel=error >&2 ||
      die "npm could not install bun@$pinned: its message is above"
    bun=$(installed) ||
      die "npm installed bun@$pinned, but none of its executables runs on this machine ($(uname -sm))"
  fi
fi

(cd "$root" && "$bun" install --frozen-lockfile --ignore-scripts >&2) ||
  die "bun install failed: its message is above"
printf '%s\n' "$bun"
