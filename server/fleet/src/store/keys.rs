//! Where the master key comes from.
//!
//! A file or a variable, or a file of our own beside an SQLite database, made at first start with mode 0600. The text
//! is base64 of 32 bytes; more lines are older keys, which open what they once sealed. A key is never made for a
//! database that was sealed before, except by a rotation, which keeps the old one until it is done: a lost key is said,
//! not replaced.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::database::Place;
use super::envelope::Keyring;

/// Name of the key file beside an SQLite database.
pub const KEY_FILE: &str = "flux-orchestrator.key";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Clone, Debug)]
pub enum KeySource {
    /// [`KEY_FILE`] in the folder of the SQLite file; made if nothing was sealed yet.
    BesideDatabase,
    /// A file that must exist.
    File(PathBuf),
    /// The text itself, from a variable.
    Value(SecretString),
}

/// Why there is no key to work with; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "this database was sealed with a key that is not at {path}; put the key file back or name it with --key-file \
         (nothing was changed; without the key, remove the database and register the clusters again)"
    )]
    Lost { path: String },
    #[error(
        "this database was sealed with the key {needed}, and the key given is {given}; \
         start with the key that it was sealed with (nothing was changed)"
    )]
    Wrong { needed: String, given: String },
    #[error("cannot read the key file {path}")]
    Read {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot write a new key file {path}")]
    Write {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{place} holds no key: base64 of 32 bytes is expected, as `head -c 32 /dev/urandom | base64` prints it")]
    Malformed { place: String },
    #[error("nothing is sealed in this database yet: there is no key to rotate")]
    NothingSealed,
    #[error("a database server keeps no key file beside it; name one with --key-file")]
    NotNamed,
    #[error("the machine gives no random numbers")]
    Random,
}

pub(super) type Master = Zeroizing<[u8; 32]>;

impl Keyring {
    /// `sealed`: whether something in the database was sealed already, so that a new key could not open it.
    pub(super) fn load(source: &KeySource, place: &Place, sealed: bool) -> Result<Self, KeyError> {
        let masters = masters(source, place, sealed)?;
        Ok(Self::of(&masters).expect("every source gives one key at least"))
    }
}

/// The keys of a source, the one that seals first; at least one.
pub(super) fn masters(source: &KeySource, place: &Place, sealed: bool) -> Result<Vec<Master>, KeyError> {
    Ok(match (source, place) {
        (KeySource::Value(text), _) => parse(text.expose_secret(), "the key variable")?,
        (KeySource::File(path), _) => read(path)?,
        (KeySource::BesideDatabase, Place::Memory) => vec![random()?],
        (KeySource::BesideDatabase, Place::Server) => return Err(KeyError::NotNamed),
        (KeySource::BesideDatabase, Place::File(database)) => {
            let path = file_beside(database);
            if path.exists() {
                read(&path)?
            } else if sealed {
                return Err(KeyError::Lost { path: path.display().to_string() });
            } else {
                vec![create(&path)?]
            }
        }
    })
}

/// Where the key of an SQLite file is, unless one was named.
pub(super) fn file_beside(database: &Path) -> PathBuf {
    database.with_file_name(KEY_FILE)
}

fn read(path: &Path) -> Result<Vec<Master>, KeyError> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    parse(&text.map_err(|source| KeyError::Read { path: place.clone(), source })?, &place)
}

/// The keys of a text, one a line, at least one.
fn parse(text: &str, place: &str) -> Result<Vec<Master>, KeyError> {
    let malformed = || KeyError::Malformed { place: place.to_owned() };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let masters = lines
        .map(|line| {
            let bytes = Zeroizing::new(BASE64.decode(line).map_err(|_| malformed())?);
            let master: [u8; 32] = bytes.as_slice().try_into().map_err(|_| malformed())?;
            Ok(Zeroizing::new(master))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if masters.is_empty() { Err(malformed()) } else { Ok(masters) }
}

pub(super) fn random() -> Result<Master, KeyError> {
    let mut master = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *master).map_err(|_| KeyError::Random)?;
    Ok(master)
}

/// Writes a new key where no file is yet, and makes sure that it is on the disk before anything is sealed with it.
fn create(path: &Path) -> Result<Master, KeyError> {
    let master = random()?;
    write_new(path, std::slice::from_ref(&master))?;
    Ok(master)
}

/// Puts these keys in the place of those in the file, at once: whoever reads it finds the old ones or the new ones.
pub(super) fn replace(path: &Path, masters: &[Master]) -> Result<(), KeyError> {
    let failed = |source| KeyError::Write { path: path.display().to_string(), source };
    let next = path.with_extension("key.next");
    match std::fs::remove_file(&next) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        // A rotation that was killed may have left one.
        _ => {}
    }
    write_new(&next, masters)?;
    std::fs::rename(&next, path).and_then(|()| sync_folder(path)).map_err(failed)
}

fn write_new(path: &Path, masters: &[Master]) -> Result<(), KeyError> {
    let failed = |source| KeyError::Write { path: path.display().to_string(), source };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    let mut text = Zeroizing::new(String::new());
    for master in masters {
        text.push_str(&Zeroizing::new(BASE64.encode(**master)));
        text.push('\n');
    }
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| sync_folder(path)).map_err(failed)
}

/// The name of a file is on the disk once its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => std::fs::File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_with_and_without_padding_and_older_keys_follow_it() {
        let padded = BASE64.encode([1; 32]);
        let bare = padded.trim_end_matches('=');
        let masters = parse(&format!("{padded}\n\n  {bare}\n"), "here").unwrap();
        assert_eq!(masters.len(), 2);
        assert_eq!(masters[0], masters[1]);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "\n", "hunter2", &BASE64.encode([1; 31])] {
            assert!(matches!(parse(text, "here"), Err(KeyError::Malformed { .. })), "{text:?}");
        }
    }
}
