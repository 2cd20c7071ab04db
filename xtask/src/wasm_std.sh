#!/usr/bin/env bash
# Builds the wasm32-unknown-unknown standard library from Debian's Rust sources, for Debian's rustc, into a sysroot folder of
# its own: nothing under /usr changes. Used where rustup cannot fetch the library. Takes about 35 s on two cores.
#   wasm_std.sh SYSROOT
# Only the compiler that the sources belong to can build them: a rustc from rustup, or a nightly, cannot.
set -euo pipefail
target=wasm32-unknown-unknown
sysroot=$1
sources=$(ls -d /usr/src/rustc-*/library | tail -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$sources" "$work/library"
cd "$work/library"
RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=stablestd \
RUSTFLAGS="-Cembed-bitcode=yes -Zforce-unstable-if-unmarked" \
  /usr/bin/cargo build --quiet --release --target $target --manifest-path sysroot/Cargo.toml \
  --features "compiler-builtins-mem panic-unwind"
# The folder appears whole or not at all, so that two builds at once, or one that was stopped, do no harm.
mkdir -p "$(dirname "$sysroot")"
part=$(mktemp -d "$sysroot.XXXXXX")
mkdir -p "$part/lib/rustlib/$target/lib"
cp target/$target/release/deps/*.rlib "$part/lib/rustlib/$target/lib/"
chmod 755 "$part"
mv -T "$part" "$sysroot" 2>/dev/null || { [ -d "$sysroot" ] && rm -rf "$part"; }
