//! The WASM package set: the page's module with its chunks and the worker's, compiled and bound to JavaScript.
//!
//! A nested cargo builds `frontend` and `worker` in a target folder of their own, because features unify within one build
//! and the server's must not reach the browser. `wasm-bindgen` runs as a library, so its version is the one in `Cargo.lock`.
//! Nothing is done when neither sources nor compiler changed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::command;
use crate::digest::{self, Stamp};
use crate::packages::Packages;
use crate::progress;
use crate::repository::Repository;
use crate::wasm_split::Split;
use crate::wasm_toolchain::{TARGET, WasmToolchain};

/// Crates that must not be in the browser's dependency tree, whatever the size budget says.
pub(crate) const SERVER_ONLY: &[&str] = &["kube", "sea-orm", "tokio", "chrono", "reqwest"];

/// How much work goes into the modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For the edit loop: compiles fast, is several times larger.
    Quick,
    /// What people get: optimised for size by rustc.
    Small,
}

impl Effort {
    fn profile(self) -> &'static str {
        match self {
            Self::Quick => "wasm-dev",
            Self::Small => "wasm-release",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Small => "small",
        }
    }
}

/// One module and the JavaScript that loads it.
#[derive(Debug, Clone)]
pub(crate) struct Module {
    /// An ES module whose default export instantiates the WASM that it is given.
    pub(crate) js: PathBuf,
    /// The WASM.
    pub(crate) wasm: PathBuf,
}

impl Module {
    fn in_folder(folder: &Path, name: &str) -> Self {
        Self { js: folder.join(format!("{name}.js")), wasm: folder.join(format!("{name}_bg.wasm")) }
    }

    fn exists(&self) -> bool {
        self.js.is_file() && self.wasm.is_file()
    }
}

/// What the browser runs.
#[derive(Debug, Clone)]
pub(crate) struct Modules {
    /// The page: what every page needs.
    pub(crate) app: Module,
    /// What only some pages need.
    pub(crate) app_split: Split,
    /// The web worker.
    pub(crate) worker: Module,
}

impl Modules {
    fn exist(&self) -> bool {
        self.app.exists() && self.app_split.loader().is_file() && self.worker.exists()
    }
}

/// Builds both modules, unless they are up to date.
pub(crate) fn build(repository: &Repository, packages: &Packages, effort: Effort) -> Result<Modules> {
    let toolchain = WasmToolchain::find_or_make(repository, packages)?;
    let target = repository.wasm_target();
    let folder = target.join("bound").join(effort.name());
    let modules = Modules {
        app: Module::in_folder(&folder, "app"),
        app_split: Split::at(folder.join("split")),
        worker: Module::in_folder(&folder, "worker"),
    };
    let ours = ["wasm", "wasm_split"].map(|name| format!("xtask/src/{name}.rs"));
    let inputs = ["app", "frontend", "Cargo.toml", "Cargo.lock"].into_iter().chain(ours.iter().map(String::as_str));
    let inputs: Vec<PathBuf> = inputs.map(|input| repository.path(input)).collect();
    let digest = digest::of_inputs(repository.root(), &inputs, &[toolchain.version(), effort.name()])?;
    let stamp = Stamp::at(folder.join("stamp"));
    if stamp.is(&digest) && modules.exist() {
        progress::note("WASM is up to date");
        return Ok(modules);
    }
    progress::step("wasm", || {
        forget_other_compilers(&toolchain, &target)?;
        compile(repository, &toolchain, effort)?;
        let compiled = target.join(TARGET).join(effort.profile());
        modules.app_split.divide(&compiled.join("frontend.wasm"), "app.js")?;
        bind(&modules.app_split.main(), &folder, "app")?;
        bind(&compiled.join("worker.wasm"), &folder, "worker")?;
        stamp.set(&digest)
    })?;
    Ok(modules)
}

fn compile(repository: &Repository, toolchain: &WasmToolchain, effort: Effort) -> Result<()> {
    let mut cargo = toolchain.cargo();
    cargo.current_dir(repository.root()).args(["build", "--locked", "--package", "frontend", "--package", "worker"]);
    cargo.args(["--profile", effort.profile(), "--target", TARGET, "--target-dir"]).arg(repository.wasm_target());
    command::run(&mut cargo)
}

/// Cargo does not notice that a standard library was built anew in the same place; rustc then fails to find crates.
fn forget_other_compilers(toolchain: &WasmToolchain, target: &Path) -> Result<()> {
    let id = match toolchain {
        WasmToolchain::Own { version } => version.clone(),
        WasmToolchain::Debian { version, sysroot } => {
            let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
            format!("{version} {}", digest::of_inputs(sysroot, &[libraries], &[])?)
        }
    };
    let stamp = Stamp::at(target.join("compiler"));
    if !stamp.is(&id) && target.join("compiler").exists() {
        progress::note("the WASM compiler changed: building everything anew");
        std::fs::remove_dir_all(target).with_context(|| format!("cannot remove {}", target.display()))?;
    }
    stamp.set(&id)
}

/// Writes `NAME.js` and `NAME_bg.wasm` into the folder.
fn bind(input: &Path, folder: &Path, name: &str) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    // Chunks find memory, table and stack pointer among the exports of the main module.
    bindgen.keep_lld_exports(true);
    bindgen
        .web(true)
        .and_then(Bindgen::generate_output)
        .and_then(|mut output| {
            if output.snippets().values().any(|files| !files.is_empty()) || !output.local_modules().is_empty() {
                bail!("a crate brings JavaScript files of its own: they would need hashed names too");
            }
            output.emit(folder)
        })
        .with_context(|| format!("wasm-bindgen cannot bind {}", input.display()))
}

/// Fails if a crate that belongs to the server got into the browser's dependency tree.
pub(crate) fn check_dependencies(repository: &Repository, packages: &Packages) -> Result<()> {
    let mut cargo = WasmToolchain::find_or_make(repository, packages)?.cargo();
    cargo.current_dir(repository.root()).args(["tree", "--locked", "--package", "frontend", "--package", "worker"]);
    cargo.args(["--target", TARGET, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let found = server_only(&command::capture(&mut cargo)?);
    if !found.is_empty() {
        bail!("the browser's dependency tree holds {}; see `cargo tree -p frontend -i CRATE`", found.join(", "));
    }
    Ok(())
}

/// The crates of `SERVER_ONLY` in the output of `cargo tree`.
fn server_only(tree: &str) -> Vec<&'static str> {
    let names: std::collections::BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    SERVER_ONLY.iter().copied().filter(|name| names.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_crate_in_the_tree_is_found_by_its_exact_name() {
        let tree = "frontend v0.1.0 (/repo/frontend)\nleptos v0.8.23\ntokio-util v0.7.20\nkube v5.0.0 (*)\n";
        assert_eq!(server_only(tree), ["kube"]);
    }
}
