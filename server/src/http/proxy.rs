//! Forwarding headers: who a request really comes from when a proxy brought it. Pure.
//!
//! `Forwarded` (RFC 7239) and `X-Forwarded-For`, `-Proto`, `-Host` are believed from peers in the networks that the
//! operator named, and from nobody else. The chain is walked from our side: as long as a hop is a proxy that is trusted,
//! what it says of the hop before it counts; the first address that is not ends the walk. What a client wrote itself
//! stands to the left of that and is never read.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Everything that is removed from a request once it has been judged.
pub(super) const FORWARDING: [HeaderName; 4] = [FORWARDED, FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST];

/// The networks of the proxies in front of this server.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// What trusted proxies say of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The client, as far as it can be known.
    pub address: IpAddr,
    /// `http` or `https` as the client spoke it.
    pub proto: Option<String>,
    /// The host that the client asked for, with its port where one was named.
    pub host: Option<String>,
}

/// One element of the chain: the hop that was seen, by the proxy next to us in the list.
#[derive(Clone, Debug, Default)]
struct Hop {
    /// `None` for `unknown`, an obfuscated name, or something that is no address.
    address: Option<IpAddr>,
    proto: Option<String>,
    host: Option<String>,
}

impl TrustedProxies {
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// What the headers of a request from `peer` are worth. `None` if the peer is no proxy of ours.
    #[must_use]
    pub fn told(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Told> {
        if !self.contains(peer) {
            return None;
        }
        let hops = match list(headers, &FORWARDED) {
            elements if !elements.is_empty() => elements.iter().map(|element| element_of(element)).collect(),
            _ => legacy_hops(headers),
        };
        let mut told = Told { address: peer.to_canonical(), proto: None, host: None };
        for hop in hops.into_iter().rev() {
            told.proto = hop.proto.or(told.proto);
            told.host = hop.host.or(told.host);
            match hop.address {
                Some(address) => told.address = address.to_canonical(),
                None => break,
            }
            if !self.contains(told.address) {
                break;
            }
        }
        Some(told)
    }
}

/// `X-Forwarded-*`: addresses are a list; protocol and host are those that the proxy next to us wrote, the last ones.
fn legacy_hops(headers: &HeaderMap) -> Vec<Hop> {
    let addresses = list(headers, &FORWARDED_FOR);
    let mut hops: Vec<Hop> = addresses.iter().map(|text| Hop { address: address_of(text), ..Hop::default() }).collect();
    let last = |name| list(headers, name).pop().map(|text| text.to_ascii_lowercase());
    let (proto, host) = (last(&FORWARDED_PROTO), last(&FORWARDED_HOST));
    match hops.last_mut() {
        Some(hop) => (hop.proto, hop.host) = (proto, host),
        None => hops.push(Hop { address: None, proto, host }),
    }
    hops
}

/// The comma-separated values of a header, in order, over all its lines. Commas in quotes stay.
fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    let values = lines.flat_map(|line| split_unquoted(line, ','));
    values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

fn split_unquoted(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
    .collect()
}

/// `for=192.0.2.60;proto=https;host=flux.example`.
fn element_of(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in split_unquoted(element, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.address = address_of(value),
            "proto" => hop.proto = Some(value.to_ascii_lowercase()),
            "host" => hop.host = Some(value.to_ascii_lowercase()),
            _ => {}
        }
    }
    hop
}

/// An address with or without port; IPv6 with or without brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bracketed.unwrap_or(text).parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()])
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn address(lines: &[(&'static str, &'static str)]) -> String {
        proxies().told(PROXY, &headers(lines)).unwrap().address.to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        let stranger = "203.0.113.9".parse().unwrap();
        assert_eq!(proxies().told(stranger, &headers(&[("x-forwarded-for", "198.51.100.1")])), None);
        assert!(proxies().told("::ffff:10.0.0.1".parse().unwrap(), &HeaderMap::new()).is_some(), "a mapped address");
    }

    #[test]
    fn what_a_client_wrote_itself_is_not_read() {
        assert_eq!(address(&[("x-forwarded-for", "127.0.0.1, 198.51.100.7")]), "198.51.100.7");
        assert_eq!(
            address(&[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.7, 10.2.0.1")]),
            "198.51.100.7"
        );
        assert_eq!(
            address(&[("forwarded", "for=6.6.6.6, for=198.51.100.7;proto=https, for=10.9.9.9")]),
            "198.51.100.7"
        );
    }

    #[test]
    fn a_chain_that_cannot_be_followed_ends_at_the_last_known_hop() {
        assert_eq!(address(&[("forwarded", "for=198.51.100.7, for=unknown")]), "10.0.0.1");
        assert_eq!(address(&[("x-forwarded-for", "198.51.100.7, nonsense, 10.0.0.9")]), "10.0.0.9");
        assert_eq!(address(&[]), "10.0.0.1");
    }

    #[test]
    fn addresses_may_have_ports_and_brackets() {
        for (text, expected) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::17]:4711", "2001:db8::17"),
            ("[2001:db8::17]", "2001:db8::17"),
            ("2001:db8::17", "2001:db8::17"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(address_of(text).map(|address| address.to_canonical().to_string()).as_deref(), Some(expected));
        }
        for text in ["", "unknown", "_hidden", "[::1", "1.2.3"] {
            assert_eq!(address_of(text), None, "{text}");
        }
    }

    #[test]
    fn protocol_and_host_come_from_the_proxy_that_saw_the_client() {
        let told = |lines| {
            let told = proxies().told(PROXY, &headers(lines)).unwrap();
            (told.proto.unwrap_or_default(), told.host.unwrap_or_default())
        };
        let wanted = ("https".to_owned(), "flux.example".to_owned());
        assert_eq!(
            told(&[(
                "forwarded",
                "for=198.51.100.7;proto=https;host=\"Flux.example\", for=10.9.9.9;proto=http;host=inner"
            )]),
            wanted
        );
        assert_eq!(
            told(&[
                ("x-forwarded-for", "198.51.100.7"),
                ("x-forwarded-proto", "http, HTTPS"),
                ("x-forwarded-host", "evil.example, flux.example"),
            ]),
            wanted
        );
        assert_eq!(told(&[("x-forwarded-proto", "https"), ("x-forwarded-host", "flux.example")]), wanted);
    }
}
