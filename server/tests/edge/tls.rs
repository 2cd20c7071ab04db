//! HTTPS with certificates that change while the server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use server::http::listener::Limits;
use server::http::tls::{Certificate, TlsError, follow};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::peer::{PATIENCE, Served, served};

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }

    /// A new pair; both files are replaced as a whole, as tools do it.
    fn renew(&self) -> CertificateDer<'static> {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        self.put(&self.key(), &pair.signing_key.serialize_pem());
        self.put(&self.certificate(), &pair.cert.pem());
        pair.cert.der().clone()
    }

    fn put(&self, path: &Path, text: &str) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, text).expect("a file");
        std::fs::rename(new, path).expect("a file in its place");
    }
}

async fn connect(served: &Served, trusted: &CertificateDer<'static>, protocol: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of ring")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(served.address).await.expect("the listener is there");
    let name = ServerName::try_from("localhost").expect("a name");
    let connected = timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    connected.expect("a handshake").expect("the certificate that is trusted")
}

#[tokio::test]
async fn http_1_is_spoken_over_tls_for_tools_and_sockets() {
    let files = Files::new();
    let trusted = files.renew();
    let configs = follow(files.certificate(), files.key(), CancellationToken::new()).expect("a pair");
    let served = served(Limits::default(), 10, 10, Some(configs)).await;
    let mut stream = connect(&served, &trusted, "http/1.1").await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("a request");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an answer").expect("whole");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn http_2_is_spoken_where_the_client_can() {
    let files = Files::new();
    let trusted = files.renew();
    let configs = follow(files.certificate(), files.key(), CancellationToken::new()).expect("a pair");
    let served = served(Limits::default(), 10, 10, Some(configs)).await;
    let stream = connect(&served, &trusted, "h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake::<_, _, axum::body::Body>(executor, io).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = axum::http::Request::get("https://localhost/").body(axum::body::Body::empty()).expect("a request");
    let response = timeout(PATIENCE, sender.send_request(request)).await.expect("an answer").expect("whole");
    assert_eq!((response.status().as_u16(), response.version()), (200, axum::http::Version::HTTP_2));
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let files = Files::new();
    files.renew();
    let mut configs = follow(files.certificate(), files.key(), CancellationToken::new()).expect("a pair");
    let served = served(Limits::default(), 10, 10, Some(configs.clone())).await;
    let second = files.renew();
    timeout(PATIENCE, configs.changed()).await.expect("the change is seen").expect("it is followed");
    connect(&served, &second, "http/1.1").await;

    files.put(&files.certificate(), "no certificate");
    let broken = Certificate::load(&files.certificate(), &files.key()).expect_err("it is broken");
    assert!(matches!(broken, TlsError::NoCertificate { .. }), "{broken}");
    connect(&served, &second, "http/1.1").await;
    let third = files.renew();
    timeout(PATIENCE, configs.changed()).await.expect("the change is seen").expect("it is still followed");
    connect(&served, &third, "http/1.1").await;
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let (files, other) = (Files::new(), Files::new());
    files.renew();
    other.renew();
    let error = Certificate::load(&files.certificate(), &other.key()).expect_err("they do not belong together");
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    assert!(matches!(
        Certificate::load(Path::new("/nowhere/tls.crt"), &files.key()).expect_err("it is not there"),
        TlsError::ReadCertificate { .. }
    ));
}
