//! Kubeconfigs from the web, and the addresses in them.

use std::net::SocketAddr;

use fleet::clusters::address::AddressPolicy;
use fleet::clusters::kubeconfig::{AcceptedKubeconfig, Supplier, accept, contexts};
use kube::config::Kubeconfig;
use secrecy::ExposeSecret as _;
use url::Url;

use super::{outcome, size};
use crate::corpus::{CANARY, kubeconfigs, texts};

pub(super) fn seeds() -> Vec<Vec<u8>> {
    kubeconfigs()
}

/// What is accepted from the web is one context with inline material and reads again as the same; no refusal quotes a
/// token.
pub(super) fn run(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let names = contexts(&text).unwrap_or_default();
    let mut ways = vec![size(names.len())];
    for (supplier, context) in
        [(Supplier::Web, None), (Supplier::Operator, None), (Supplier::Web, names.last().map(String::as_str))]
    {
        match accept(&text, context, supplier) {
            Ok(accepted) => {
                ways.push(1);
                check(&accepted, supplier);
            }
            Err(error) => {
                let message = error.to_string();
                assert!(!has_secret_canary(&text) || !message.contains(CANARY), "{message}");
                ways.push(2 + size(message.len()));
            }
        }
    }
    outcome(ways)
}

fn check(accepted: &AcceptedKubeconfig, supplier: Supplier) {
    assert_eq!(accepted.kubeconfig.contexts.len(), 1, "one context stays");
    if supplier == Supplier::Web {
        for named in &accepted.kubeconfig.auth_infos {
            let user = named.auth_info.clone().unwrap_or_default();
            assert!(user.exec.is_none() && user.auth_provider.is_none() && user.token_file.is_none());
            assert!(user.client_key.is_none() && user.client_certificate.is_none());
        }
    }
    let secret = accepted.to_secret().expect("what was read can be written");
    let again = accept(secret.expose_secret(), None, supplier).expect("what was accepted stays accepted");
    assert_eq!((&again.context, &again.server), (&accepted.context, &accepted.server));
    let stored = again.to_secret().expect("as before");
    assert_eq!(stored.expose_secret(), secret.expose_secret());
}

/// Whether the canary is somebody's token and nobody's name.
fn has_secret_canary(text: &str) -> bool {
    let Ok(kubeconfig) = Kubeconfig::from_yaml(text) else { return text.contains(CANARY) };
    let mut names = kubeconfig.contexts.iter().flat_map(|named| {
        let context = named.context.clone().unwrap_or_default();
        [named.name.clone(), context.cluster, context.user.unwrap_or_default()]
    });
    !names.any(|name| name.contains(CANARY))
}

pub(super) fn address_seeds() -> Vec<Vec<u8>> {
    let addresses = [
        "https://prod.example.org:6443",
        "https://10.0.0.1",
        "https://[::1]:6443/k8s",
        "http://localhost:8001",
        "https://169.254.169.254/latest",
        "https://[::ffff:169.254.169.254]",
        "https://2130706433",
        "https://0x7f.1",
        "https://metadata.google.internal",
        "https://255.255.255.255",
        "https://[fe80::1]",
        "https://0.0.0.0:443",
    ];
    texts(&addresses).collect()
}

/// An address that is let through from the web is never one of this machine or of the cloud's metadata.
pub(super) fn address(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let Ok(url) = Url::parse(&text) else { return 0 };
    let policy = AddressPolicy::of_web(false, vec![SocketAddr::from(([127, 0, 0, 1], 8080))]);
    let is_allowed = policy.check_url(&url).is_ok();
    let ip = match url.host() {
        Some(url::Host::Ipv4(ip)) => Some(std::net::IpAddr::from(ip)),
        Some(url::Host::Ipv6(ip)) => Some(std::net::IpAddr::from(ip).to_canonical()),
        _ => None,
    };
    if let (true, Some(ip)) = (is_allowed, ip) {
        assert!(!ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast(), "{url}");
        assert!(!ip.to_string().starts_with("169.254."), "{url}");
    }
    outcome((matches!(url.scheme(), "http" | "https"), ip.is_some(), is_allowed))
}
