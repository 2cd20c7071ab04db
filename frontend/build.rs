//! Keeps relocations in the linked module: the build driver divides it by them.

#![expect(clippy::print_stdout, reason = "a build script talks to cargo on its output")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
}
