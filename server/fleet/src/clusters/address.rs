//! Which addresses this server connects to on behalf of somebody in the web.
//!
//! Whoever may register clusters must not thereby reach what only this machine can reach: cloud metadata services,
//! link-local neighbours, this process itself, and, unless the operator says so, loopback. The check is made on every
//! address that a name resolves to, at every connection, so a name that changes its mind is caught too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};
use std::vec;

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use url::{Host, Url};

/// Addresses that answer with credentials of the machine to whoever asks from it.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(169, 254, 169, 254), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
const METADATA_NAMES: [&str; 3] = ["metadata.google.internal", "metadata.goog", "instance-data"];

/// What may be connected to.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    /// Everything, for clusters that the operator named on the command line.
    unrestricted: bool,
    allow_loopback: bool,
    /// Addresses that this process listens on.
    own: Vec<SocketAddr>,
}

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("{0} is this machine; start the server with --allow-loopback-clusters to register such a cluster")]
    Loopback(String),
    #[error("{0} is a link-local address, which a cluster of a fleet cannot have")]
    LinkLocal(String),
    #[error("{0} is a metadata service of a cloud, not a cluster")]
    Metadata(String),
    #[error("{0} is not an address of one machine")]
    NotUnicast(String),
    #[error("{0} is this server itself")]
    Own(String),
    #[error("{0} cannot be resolved")]
    Unresolved(String),
}

impl AddressPolicy {
    /// For clusters from the web.
    #[must_use]
    pub fn of_web(allow_loopback: bool, own: Vec<SocketAddr>) -> Self {
        Self { unrestricted: false, allow_loopback, own }
    }

    /// For clusters that the operator of this process named.
    #[must_use]
    pub fn of_operator() -> Self {
        Self { unrestricted: true, ..Self::default() }
    }

    /// The address as it stands in a kubeconfig, before any name is resolved.
    ///
    /// # Errors
    /// If it is refused whatever it resolves to.
    pub fn check_url(&self, server: &Url) -> Result<(), AddressError> {
        let port = server.port_or_known_default().unwrap_or(443);
        match server.host() {
            Some(Host::Ipv4(ip)) => self.check(SocketAddr::new(ip.into(), port)),
            Some(Host::Ipv6(ip)) => self.check(SocketAddr::new(ip.into(), port)),
            Some(Host::Domain(name)) if !self.unrestricted && METADATA_NAMES.contains(&name) => {
                Err(AddressError::Metadata(name.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// One address and port.
    ///
    /// # Errors
    /// If nobody from the web may have us connect to it.
    pub fn check(&self, address: SocketAddr) -> Result<(), AddressError> {
        if self.unrestricted {
            return Ok(());
        }
        let ip = address.ip().to_canonical();
        let name = ip.to_string();
        let (metadata, link_local) = match ip {
            IpAddr::V4(ip) => (METADATA_V4.contains(&ip), ip.is_link_local()),
            IpAddr::V6(ip) => (ip == METADATA_V6, ip.is_unicast_link_local()),
        };
        let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        let own = |listener: &SocketAddr| {
            listener.port() == address.port()
                && (listener.ip().to_canonical() == ip || (listener.ip().is_unspecified() && ip.is_loopback()))
        };
        if metadata {
            Err(AddressError::Metadata(name))
        } else if link_local {
            Err(AddressError::LinkLocal(name))
        } else if ip.is_unspecified() || ip.is_multicast() || broadcast {
            Err(AddressError::NotUnicast(name))
        } else if self.own.iter().any(own) {
            Err(AddressError::Own(address.to_string()))
        } else if ip.is_loopback() && !self.allow_loopback {
            Err(AddressError::Loopback(name))
        } else {
            Ok(())
        }
    }
}

/// Name resolution for connections to clusters: what the policy refuses is not connected to.
#[derive(Clone, Debug)]
pub(crate) struct PolicyResolver {
    pub(crate) policy: AddressPolicy,
    /// Port of the server; resolved addresses carry none.
    pub(crate) port: u16,
}

impl tower::Service<Name> for PolicyResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = AddressError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let unresolved = || AddressError::Unresolved(name.as_str().to_owned());
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), resolver.port)).await.map_err(|_| unresolved())?.collect();
            if found.is_empty() {
                return Err(unresolved());
            }
            for address in &found {
                resolver.policy.check(*address)?;
            }
            Ok(found.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &AddressPolicy, server: &str) -> Result<(), AddressError> {
        policy.check_url(&Url::parse(server).expect("a URL"))
    }

    #[test]
    fn the_web_reaches_clusters_and_nothing_of_this_machine() {
        let policy = AddressPolicy::of_web(false, vec!["192.0.2.7:8080".parse().expect("an address")]);
        assert_eq!(check(&policy, "https://10.0.0.1:6443"), Ok(()));
        assert_eq!(check(&policy, "https://prod.example.org"), Ok(()));
        assert_eq!(check(&policy, "https://192.0.2.7:6443"), Ok(()));
        let refused = [
            ("https://127.0.0.1:6443", AddressError::Loopback("127.0.0.1".to_owned())),
            ("https://[::ffff:127.0.0.1]:6443", AddressError::Loopback("127.0.0.1".to_owned())),
            ("https://[::1]:6443", AddressError::Loopback("::1".to_owned())),
            ("https://169.254.169.254", AddressError::Metadata("169.254.169.254".to_owned())),
            ("https://[fd00:ec2::254]", AddressError::Metadata("fd00:ec2::254".to_owned())),
            ("https://metadata.google.internal", AddressError::Metadata("metadata.google.internal".to_owned())),
            ("https://169.254.1.1", AddressError::LinkLocal("169.254.1.1".to_owned())),
            ("https://[fe80::1]", AddressError::LinkLocal("fe80::1".to_owned())),
            ("https://0.0.0.0", AddressError::NotUnicast("0.0.0.0".to_owned())),
            ("https://192.0.2.7:8080", AddressError::Own("192.0.2.7:8080".to_owned())),
        ];
        for (server, error) in refused {
            assert_eq!(check(&policy, server), Err(error));
        }
    }

    #[test]
    fn loopback_can_be_allowed_and_our_own_listener_cannot() {
        let policy = AddressPolicy::of_web(true, vec!["0.0.0.0:8080".parse().expect("an address")]);
        assert_eq!(check(&policy, "http://127.0.0.1:6443"), Ok(()));
        assert_eq!(check(&policy, "http://127.0.0.1:8080"), Err(AddressError::Own("127.0.0.1:8080".to_owned())));
    }

    #[test]
    fn the_operator_reaches_everything() {
        assert_eq!(check(&AddressPolicy::of_operator(), "https://127.0.0.1:6443"), Ok(()));
    }
}
