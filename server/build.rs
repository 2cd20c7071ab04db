//! Embeds what the build driver put into `target/site`; a change there must compile the server anew.

fn main() {
    println!("cargo:rerun-if-changed=../target/site/manifest.json");
    println!("cargo:rerun-if-changed=build.rs");
}
