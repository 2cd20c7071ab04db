//! Where things are: the repository's folders, the build's outputs and the user's cache.
//!
//! Every path that two modules share is named here, once. Nothing here touches the file system except `cache`,
//! which reads the environment.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A checkout of this repository.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The checkout that this build driver was compiled in.
    pub(crate) fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository");
        Self { root: root.to_owned() }
    }

    /// The folder that holds `Cargo.toml` of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path given relative to the root.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Cargo's target folder of the native package set.
    pub(crate) fn target(&self) -> PathBuf {
        self.path("target")
    }

    /// Cargo's target folder of the WASM package set, which has a compiler and features of its own.
    pub(crate) fn wasm_target(&self) -> PathBuf {
        self.path("target/wasm")
    }

    /// What the browser gets: hashed assets, their compressed forms and `manifest.json`. The server embeds this folder.
    pub(crate) fn site(&self) -> PathBuf {
        self.path("target/site")
    }

    /// The server's executable.
    pub(crate) fn server(&self, release: bool) -> PathBuf {
        self.target().join(if release { "release" } else { "debug" }).join("flux-orchestrator")
    }

    /// What is worth keeping between checkouts: `$XDG_CACHE_HOME/flux-orchestrator`, or the same under `~/.cache`.
    pub(crate) fn cache(&self) -> Result<PathBuf> {
        let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
            Some(folder) => PathBuf::from(folder),
            None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
        };
        Ok(base.join("flux-orchestrator"))
    }
}
