//! Short digests: what an object is, and what was last written of it, in 16 bytes each.

use domain::object::ObjectRef;
use sha2::{Digest, Sha256};

/// The first half of a SHA-256; two of a million objects share one with a chance of about 10⁻²⁷.
pub(super) type Short = [u8; 16];

pub(super) fn of_identity(object: &ObjectRef) -> Short {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    short([object.group.as_str(), &object.kind, namespace, &object.name])
}

pub(super) fn of_content(version: &str, json: &str) -> Short {
    short([version, json])
}

/// Parts are told apart by their lengths.
fn short<const N: usize>(parts: [&str; N]) -> Short {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let whole: [u8; 32] = hash.finalize().into();
    let mut first = Short::default();
    first.copy_from_slice(&whole[..16]);
    first
}
