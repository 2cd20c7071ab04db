//! The server's certificate: read from two files, and read again when they change.
//!
//! TLS 1.2 and 1.3 by rustls with ring; HTTP/2 and HTTP/1.1 by ALPN. New files that cannot be used leave the certificate
//! that is in force where it is, with a line in the log. Connections keep what they began with.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Files that belong together are written one after the other; a reload waits for so long after the first change.
const SETTLE: Duration = Duration::from_millis(500);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read the certificate file {path}")]
    ReadCertificate { path: String, source: pem::Error },
    #[error("there is no certificate in {path}")]
    NoCertificate { path: String },
    #[error("cannot read the key file {path}")]
    ReadKey { path: String, source: pem::Error },
    #[error("the first certificate of {path} is malformed")]
    Malformed { path: String },
    #[error("certificate {certificate} and key {key} cannot be used together")]
    Mismatch { certificate: String, key: String, source: rustls::Error },
    #[error("cannot watch the certificate files")]
    Watch(#[source] notify::Error),
    #[error("cannot listen for SIGHUP")]
    Signal(#[source] io::Error),
}

/// A certificate chain with its key, as they are in the files now.
#[derive(Debug)]
pub struct Certificate {
    config: Arc<ServerConfig>,
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// # Errors
    /// When a file cannot be read or the two do not belong together. An expired certificate is not refused.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let path = certificate.display().to_string();
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|source| TlsError::ReadCertificate { path: path.clone(), source })?;
        let first = chain.first().ok_or_else(|| TlsError::NoCertificate { path: path.clone() })?;
        let (_, parsed) =
            x509_parser::parse_x509_certificate(first).map_err(|_| TlsError::Malformed { path: path.clone() })?;
        let validity = parsed.validity();
        let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|source| TlsError::ReadKey { path: key.display().to_string(), source })?;
        let mismatch =
            |source| TlsError::Mismatch { certificate: path.clone(), key: key.display().to_string(), source };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(mismatch)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(mismatch)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), not_before, not_after })
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.not_after
    }
}

/// What new connections are greeted with; follows the files.
pub type Configs = watch::Receiver<Arc<ServerConfig>>;

/// Reads the files, then follows them until `stop`: on a change in their folders (Kubernetes swaps a link beside them)
/// and on SIGHUP.
///
/// # Errors
/// When the files cannot be used now, or cannot be followed.
pub fn follow(certificate: PathBuf, key: PathBuf, stop: CancellationToken) -> Result<Configs, TlsError> {
    let mut seen = contents(&certificate, &key);
    let first = Certificate::load(&certificate, &key)?;
    let (sender, receiver) = watch::channel(Arc::clone(&first.config));
    // One waiting signal is enough: a reload reads whatever is there then.
    let (changed, mut changes) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
        // Reading the files must not count as a change of them.
        Ok(event) if event.kind.is_access() => {}
        // Also after an error, for instance lost events: looking once too often does no harm.
        _ => _ = changed.try_send(()),
    })
    .map_err(TlsError::Watch)?;
    watch_folders(&mut watcher, [certificate.as_path(), key.as_path()])?;
    let mut hangup =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map_err(TlsError::Signal)?;
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        let _watching = watcher;
        loop {
            tokio::select! {
                Some(()) = changes.recv() => {
                    tokio::time::sleep(SETTLE).await;
                    while changes.try_recv().is_ok() {}
                }
                Some(()) = hangup.recv() => {}
            }
            let now = contents(&certificate, &key);
            if now == seen {
                continue;
            }
            seen = now;
            match Certificate::load(&certificate, &key) {
                Ok(new) => {
                    sender.send_replace(new.config);
                    tracing::info!(certificate = %certificate.display(), "the certificate was replaced");
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "the new certificate cannot be used; the one before stays in force");
                }
            }
        }
    }));
    Ok(receiver)
}

/// Digest of what is in both files, so that each change is looked at once, whatever else happens in their folders.
fn contents(certificate: &Path, key: &Path) -> [u8; 32] {
    let mut digest = Sha256::new();
    for file in [certificate, key] {
        // A file that cannot be read is as good as an empty one here; loading says why.
        let bytes = std::fs::read(file).unwrap_or_default();
        digest.update(bytes.len().to_be_bytes());
        digest.update(bytes.as_slice());
    }
    digest.finalize().into()
}

fn watch_folders<const N: usize>(watcher: &mut RecommendedWatcher, files: [&Path; N]) -> Result<(), TlsError> {
    let folder = |file: &Path| match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let folders: BTreeSet<PathBuf> = files.into_iter().map(folder).collect();
    folders.iter().try_for_each(|folder| watcher.watch(folder, RecursiveMode::NonRecursive)).map_err(TlsError::Watch)
}
