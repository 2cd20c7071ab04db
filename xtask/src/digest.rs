//! Content digests: whether a step's inputs are the same as when it last ran, and the names of what the browser may keep.
//!
//! A digest covers paths and contents, never times, so a fresh checkout of the same files is up to date.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

/// The digest of some bytes, as 64 hexadecimal digits.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The digest of files and, for folders, of all files in them; plus words that are inputs too (a version, a profile).
/// Paths count relative to `root`. What does not exist counts as absent.
pub(crate) fn of_inputs(root: &Path, inputs: &[PathBuf], words: &[&str]) -> Result<String> {
    let mut hasher = Sha256::new();
    for word in words {
        add(&mut hasher, word.as_bytes());
    }
    for file in files(inputs)? {
        let name = file.strip_prefix(root).unwrap_or(&file);
        add(&mut hasher, name.as_os_str().as_encoded_bytes());
        add(&mut hasher, &std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    Ok(hexadecimal(&hasher.finalize()))
}

/// All files among and under these paths, in the order of their names.
pub(crate) fn files(inputs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for input in inputs.iter().filter(|input| input.exists()) {
        for entry in WalkDir::new(input).sort_by_file_name() {
            let entry = entry.with_context(|| format!("cannot list {}", input.display()))?;
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    Ok(files)
}

/// With its length in front, so that no two sequences of parts give the same bytes.
fn add(hasher: &mut Sha256, part: &[u8]) {
    hasher.update((part.len() as u64).to_le_bytes());
    hasher.update(part);
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

/// A file that remembers the digest of a step's inputs from its last success.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
}

impl Stamp {
    /// The stamp kept in this file.
    pub(crate) fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// Whether the last success had these inputs.
    pub(crate) fn is(&self, digest: &str) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|last| last == digest)
    }

    /// Remembers a success.
    pub(crate) fn set(&self, digest: &str) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&self.file, digest).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_follows_contents_and_names_but_not_times() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = [folder.path().join("src")];
        let digest = |words: &[&str]| of_inputs(folder.path(), &inputs, words).unwrap();
        let write = |name: &str, text: &str| std::fs::write(inputs[0].join(name), text).unwrap();
        let empty = digest(&[]);
        std::fs::create_dir(&inputs[0]).unwrap();
        write("a.rs", "one");
        let first = digest(&[]);
        assert_ne!(first, empty);
        write("a.rs", "one");
        assert_eq!(digest(&[]), first);
        assert_ne!(digest(&["release"]), first);
        write("a.rs", "two");
        assert_ne!(digest(&[]), first);
    }

    #[test]
    fn a_stamp_remembers_the_last_success_only() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Stamp::at(folder.path().join("deep/er/stamp"));
        assert!(!stamp.is("1"));
        stamp.set("1").unwrap();
        assert!(stamp.is("1"));
        stamp.set("2").unwrap();
        assert!(!stamp.is("1"));
    }

    #[test]
    fn bytes_have_the_published_sha_256_digest() {
        assert_eq!(of_bytes(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
