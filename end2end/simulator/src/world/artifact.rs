//! Artifacts: a folder of files as the gzipped tar archive that source-controller stores. Pure.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A file of an archive: its path and content.
pub(crate) type File = (String, String);

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files of one Kustomization: its objects, and the `kustomization.yaml` that lists them.
pub(crate) fn files(folder: &str, objects: &[Value]) -> Vec<File> {
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    let mut names = Vec::new();
    let mut files = Vec::new();
    for object in objects {
        let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
        let name = format!("{kind}-{}.yaml", object["metadata"]["name"].as_str().unwrap_or_default());
        files.push((format!("{folder}/{name}"), yaml(object)));
        names.push(name);
    }
    let list = json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": names});
    files.push((format!("{folder}/kustomization.yaml"), yaml(&list)));
    files
}

fn yaml(object: &Value) -> String {
    // Every JSON value is a YAML document, written or not.
    serde_saphyr::to_string(object).unwrap_or_else(|_| object.to_string())
}

/// The archive of some files.
pub(crate) fn archive(files: &[File]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for (path, content) in files {
        let padding = content.len().next_multiple_of(512) - content.len();
        for part in [&header(path, content.len())[..], content.as_bytes(), &[0; 512][..padding]] {
            encoder.write_all(part).expect("writing to memory does not fail");
        }
    }
    encoder.write_all(&[0; 1024]).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

/// A ustar header of a regular file. Paths of the world are shorter than its 100 bytes.
fn header(path: &str, size: usize) -> [u8; 512] {
    let mut header = [0_u8; 512];
    let mut put = |offset: usize, text: &str| header[offset..offset + text.len()].copy_from_slice(text.as_bytes());
    put(0, &path[..path.len().min(100)]);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use serde_json::json;

    use super::{archive, files, sha256};

    #[test]
    fn an_archive_holds_the_objects_and_their_list() {
        let objects = [json!({"kind": "Namespace", "metadata": {"name": "shop"}})];
        let bytes = archive(&files("./apps/shop", &objects));
        let mut tar = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut tar).unwrap();
        let name =
            |offset: usize| String::from_utf8_lossy(&tar[offset..offset + 100]).trim_end_matches('\0').to_owned();
        assert_eq!(name(0), "apps/shop/namespace-shop.yaml");
        assert_eq!(name(1024), "apps/shop/kustomization.yaml");
        assert_eq!(&tar[257..262], b"ustar");
        let stored = u32::from_str_radix(std::str::from_utf8(&tar[148..154]).unwrap(), 8).unwrap();
        let summed: u32 = tar[..148].iter().chain(&tar[156..512]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
        assert_eq!(stored, summed);
        assert_eq!(tar.len() % 512, 0);
    }

    #[test]
    fn digests_are_those_of_sha256() {
        assert_eq!(&sha256(b"")[..16], "e3b0c44298fc1c14");
    }
}
