//! A compiler for the browser: finds one that has the wasm32 standard library, or makes one.
//!
//! In this order: the toolchain that cargo uses here, if it has the library; a library that was built earlier for
//! Debian's rustc; `rustup target add`, given 20 seconds because it hangs where its server cannot be reached;
//! Debian's Rust packages and their sources. The server's own toolchain is never changed beyond `rustup target add`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::command;
use crate::packages::{Package, Packages, Sign};
use crate::progress;
use crate::repository::Repository;

/// The target triple of what runs in the browser.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const RUSTUP_PATIENCE: Duration = Duration::from_secs(20);

/// Everything that Debian's way needs, the linker included.
const DEBIAN_PACKAGES: &[Package] = &[
    Package { name: "rustc-web", shows_as: Sign::File(DEBIAN_RUSTC) },
    Package { name: "cargo-web", shows_as: Sign::File(DEBIAN_CARGO) },
    Package { name: "rust-web-src", shows_as: Sign::Folder("/usr/src", "rustc-", "library/sysroot") },
    Package { name: "rust-web-llvm", shows_as: Sign::Program(&["rust-lld"]) },
    Package { name: "lld-22", shows_as: Sign::Program(&["ld.lld-22"]) },
];

/// A cargo whose compiler can build for the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WasmToolchain {
    /// The toolchain that cargo chooses in this repository.
    Own { version: String },
    /// Debian's rustc with a standard library in a folder of ours.
    Debian { version: String, sysroot: PathBuf },
}

impl WasmToolchain {
    /// Finds or makes one.
    pub(crate) fn find_or_make(repository: &Repository, packages: &Packages) -> Result<Self> {
        if let Some(own) = own() {
            return Ok(own);
        }
        let cache = repository.cache()?;
        if let Some(built) = built_earlier(&cache) {
            return Ok(built);
        }
        if command::on_path(&["rustup"]).is_some()
            && added_by_rustup()?
            && let Some(own) = own()
        {
            return Ok(own);
        }
        built_from_debian(&cache, packages)
    }

    /// The compiler's version line. A change of it means that everything has to be built anew.
    pub(crate) fn version(&self) -> &str {
        match self {
            Self::Own { version } | Self::Debian { version, .. } => version,
        }
    }

    /// A cargo command line with nothing of the outer cargo's environment in it.
    pub(crate) fn cargo(&self) -> Command {
        match self {
            Self::Own { .. } => {
                let mut cargo = Command::new("cargo");
                command::without_cargo(&mut cargo);
                cargo
            }
            Self::Debian { sysroot, .. } => {
                let mut cargo = Command::new(DEBIAN_CARGO);
                command::without_cargo(&mut cargo).env("RUSTC", DEBIAN_RUSTC);
                // With --target these flags reach the WASM side only; build scripts and macros use rustc's own library.
                cargo.env("CARGO_ENCODED_RUSTFLAGS", format!("--sysroot={}", sysroot.display()));
                cargo
            }
        }
    }
}

/// The toolchain of this repository, if it has the library.
fn own() -> Option<WasmToolchain> {
    let mut rustc = Command::new("rustc");
    command::without_cargo(&mut rustc).args(["--print", "target-libdir", "--target", TARGET]);
    let libraries = PathBuf::from(command::capture(&mut rustc).ok()?.trim());
    if !holds_std(&libraries) {
        return None;
    }
    let mut rustc = Command::new("rustc");
    let version = command::capture(command::without_cargo(&mut rustc).arg("--version")).ok()?.trim().to_owned();
    Some(WasmToolchain::Own { version })
}

fn holds_std(libraries: &Path) -> bool {
    std::fs::read_dir(libraries)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
}

fn added_by_rustup() -> Result<bool> {
    progress::note(&format!("fetching the standard library of {TARGET} with rustup"));
    let mut rustup = Command::new("rustup");
    command::without_cargo(&mut rustup).args(["target", "add", TARGET]);
    let status = command::run_within(&mut rustup, RUSTUP_PATIENCE)?;
    if status.is_none() {
        progress::note(&format!("rustup did not answer within {} s", RUSTUP_PATIENCE.as_secs()));
    }
    Ok(status.is_some_and(|status| status.success()))
}

fn sysroot_of(cache: &Path, version: &str) -> Result<PathBuf> {
    let number = version.split(' ').nth(1).with_context(|| format!("rustc calls itself `{version}`"))?;
    Ok(cache.join(format!("wasm-sysroot-{number}")))
}

fn debian_version() -> Result<String> {
    let mut rustc = Command::new(DEBIAN_RUSTC);
    Ok(command::capture(command::without_cargo(&mut rustc).arg("--version"))?.trim().to_owned())
}

fn built_earlier(cache: &Path) -> Option<WasmToolchain> {
    if !Path::new(DEBIAN_CARGO).exists() || command::on_path(&["rust-lld"]).is_none() {
        return None;
    }
    let version = debian_version().ok()?;
    let sysroot = sysroot_of(cache, &version).ok()?;
    holds_std(&sysroot.join("lib/rustlib").join(TARGET).join("lib"))
        .then_some(WasmToolchain::Debian { version, sysroot })
}

fn built_from_debian(cache: &Path, packages: &Packages) -> Result<WasmToolchain> {
    let purpose = format!("the standard library of {TARGET} (rustup could not fetch it)");
    packages.require(&purpose, DEBIAN_PACKAGES)?;
    let sysroot = sysroot_of(cache, &debian_version()?)?;
    progress::note(&format!("building the standard library of {TARGET} from Debian's Rust sources"));
    let mut script = Command::new("bash");
    command::without_cargo(&mut script).args(["-c", include_str!("wasm_std.sh"), "wasm_std.sh"]).arg(&sysroot);
    command::run(&mut script)?;
    let Some(toolchain) = built_earlier(cache) else {
        bail!("the standard library was built, but {} does not hold it", sysroot.display());
    };
    Ok(toolchain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sysroot_is_named_after_the_compiler_it_belongs_to() {
        let sysroot = sysroot_of(Path::new("/cache"), "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a tarball)");
        assert_eq!(sysroot.unwrap(), Path::new("/cache/wasm-sysroot-1.96.0"));
    }

    #[test]
    fn a_folder_without_the_library_is_not_a_toolchain() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!holds_std(folder.path()));
        std::fs::write(folder.path().join("libstd-0123456789abcdef.rlib"), "").unwrap();
        assert!(holds_std(folder.path()));
    }
}
