//! Binaryen's `wasm-opt`, from its npm package: about a tenth off the size of a module that rustc made small already.
//!
//! Optional. Without Node, or when npm cannot fetch the package, the module stays as it is and a line says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;
use crate::progress;
use crate::repository::Repository;

const VERSION: &str = "132.0.0";

/// What rustc's output uses. Given by name, because the section of the module that lists them was stripped.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Replaces the module by a smaller one that does the same.
pub(crate) fn shrink(repository: &Repository, module: &Path) -> Result<()> {
    let Some(program) = program(repository)? else { return Ok(()) };
    let before = size(module)?;
    let smaller = module.with_extension("smaller");
    let mut wasm_opt = Command::new("node");
    wasm_opt.arg(program).arg("-Oz").args(FEATURES).arg(module).arg("-o").arg(&smaller);
    if let Err(error) = command::run(&mut wasm_opt) {
        progress::note(&format!("left as it is: {error}"));
        return Ok(());
    }
    std::fs::rename(&smaller, module).with_context(|| format!("cannot replace {}", module.display()))?;
    progress::note(&format!("wasm-opt: {before} → {} bytes", size(module)?));
    Ok(())
}

fn size(file: &Path) -> Result<u64> {
    Ok(file.metadata().with_context(|| format!("cannot read {}", file.display()))?.len())
}

/// The script to run: from the cache, fetched into it when it is not there.
fn program(repository: &Repository) -> Result<Option<PathBuf>> {
    if command::on_path(&["node"]).is_none() || command::on_path(&["npm"]).is_none() {
        progress::note("wasm-opt left out: Node and npm are not there");
        return Ok(None);
    }
    let folder = repository.cache()?.join(format!("binaryen-{VERSION}"));
    let program = folder.join("node_modules/binaryen/bin/wasm-opt");
    if !program.is_file() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&folder);
        if let Err(error) = command::run(npm.arg(format!("binaryen@{VERSION}"))) {
            progress::note(&format!("wasm-opt left out: {error}"));
            return Ok(None);
        }
    }
    Ok(Some(program))
}
