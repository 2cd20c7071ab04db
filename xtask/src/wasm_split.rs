//! Code splitting: what only one page needs becomes a module of its own, fetched when that page is opened.
//!
//! Functions marked `#[lazy_route]` or `#[lazy]` are the roots. The linked module, whose relocations say which function
//! needs which (`frontend/build.rs` keeps them), is divided into a main module, which `wasm-bindgen` then binds as ever,
//! one module a root, and chunks for what some roots share. The loader is a script that fetches them; main script and
//! loader import each other.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use wasm_split_cli_support::{Options, transform};

const LOADER: &str = "loader.js";

/// What a linked module was divided into.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    folder: PathBuf,
}

impl Split {
    /// The one in this folder.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Divides a linked module whose main script will be called `main_script`.
    pub(crate) fn divide(&self, linked: &Path, main_script: &str) -> Result<()> {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder)
                .with_context(|| format!("cannot remove {}", self.folder.display()))?;
        }
        let input = std::fs::read(linked).with_context(|| format!("cannot read {}", linked.display()))?;
        let (main_script, link_name) = (format!("./{main_script}"), format!("./{LOADER}"));
        let main = self.main();
        let mut options = Options::new(&input);
        options.output_dir = &self.folder;
        options.main_out_path = &main;
        options.main_module = &main_script;
        options.link_name = &link_name;
        // The library reports with `eyre`, which does not convert.
        transform(options).map_err(|error| anyhow!("cannot split {}: {error:#}", linked.display()))?;
        for chunk in self.chunks()? {
            let bytes = std::fs::read(&chunk).with_context(|| format!("cannot read {}", chunk.display()))?;
            let bare = without_custom_sections(&bytes).with_context(|| format!("cannot strip {}", chunk.display()))?;
            std::fs::write(&chunk, bare).with_context(|| format!("cannot write {}", chunk.display()))?;
        }
        Ok(())
    }

    /// What `wasm-bindgen` binds. Named differently from chunks so that it is not taken for one.
    pub(crate) fn main(&self) -> PathBuf {
        self.folder.join("main.unbound")
    }

    /// The script that fetches chunks.
    pub(crate) fn loader(&self) -> PathBuf {
        self.folder.join(LOADER)
    }

    /// The modules beside the main one, in the order of their names.
    pub(crate) fn chunks(&self) -> Result<Vec<PathBuf>> {
        let files = crate::digest::files(std::slice::from_ref(&self.folder))?;
        Ok(files.into_iter().filter(|file| file.extension().is_some_and(|end| end == "wasm")).collect())
    }
}

/// A module without names, relocations and what tools wrote about themselves: nothing of that is executed.
fn without_custom_sections(module: &[u8]) -> Result<Vec<u8>> {
    const HEADER: usize = 8;
    let (header, mut rest) = module.split_at_checked(HEADER).context("a module has a header")?;
    let mut output = header.to_vec();
    while let Some((&id, after_id)) = rest.split_first() {
        let (size, after_size) = leb128(after_id)?;
        let Some((_, after)) = after_size.split_at_checked(size) else { bail!("a section ends behind the file") };
        if id != 0 {
            output.extend_from_slice(&rest[..rest.len() - after.len()]);
        }
        rest = after;
    }
    Ok(output)
}

/// An unsigned number as WASM writes it, and what follows.
fn leb128(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let mut value = 0_usize;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[index + 1..]));
        }
    }
    bail!("a length has no end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_custom_sections_are_left_out() {
        let header = b"\0asm\x01\0\0\0".to_vec();
        let module = [&header[..], &[0, 3, 1, b'x', 9], &[1, 1, 0], &[0, 2, 1, b'y']].concat();
        assert_eq!(without_custom_sections(&module).unwrap(), [&header[..], &[1, 1, 0]].concat());
    }

    #[test]
    fn a_section_longer_than_the_file_is_an_error() {
        let module = [&b"\0asm\x01\0\0\0"[..], &[1, 0x80, 0x01, 0]].concat();
        assert_eq!(without_custom_sections(&module).unwrap_err().to_string(), "a section ends behind the file");
    }
}
