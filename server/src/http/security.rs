//! What keeps a browser honest: response headers, the content policy, where a request may come from and go to.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::arrival::Arrival;

/// Headers of every response.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PLAIN_POLICY));
    response
}

/// For everything that is not a page. Scripts of the worker need WASM on their own response.
const PLAIN_POLICY: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'";

/// For a page whose scripts carry this nonce. Style attributes are allowed, because server rendering places them.
#[must_use]
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; worker-src 'self'; \
         style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// An origin as browsers write it: `https://flux.example`, the port only where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Host and port, as they stand in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, authority)| authority)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected an address such as https://flux.example, without a path".to_owned();
        let url = Url::parse(text.trim()).map_err(|_| expected())?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !bare || !url.username().is_empty() || url.password().is_some()
        {
            return Err(expected());
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

/// The addresses under which browsers reach this server.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<Origin>);

impl Origins {
    #[must_use]
    pub fn new(origins: Vec<Origin>) -> Self {
        Self(origins)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter()
    }

    /// Whether one of them is spoken over TLS and has this host.
    #[must_use]
    pub fn is_secure_host(&self, host: &str) -> bool {
        self.0.iter().any(|origin| origin.is_secure() && origin.authority().eq_ignore_ascii_case(host))
    }

    /// Whether a request may name this host. Without a list that is every host, save on a listener of this machine only:
    /// there a page of a foreign host whose name was bent to this address would be let in.
    #[must_use]
    pub fn accept_host(&self, host: Option<&str>, listens_on_loopback: bool) -> bool {
        let Some(host) = host else { return true };
        let name = host_name(host);
        if is_address(name) || name.eq_ignore_ascii_case("localhost") || ends_with_localhost(name) {
            return true;
        }
        if self.0.is_empty() {
            return !listens_on_loopback;
        }
        self.0.iter().any(|origin| host_name(origin.authority()).eq_ignore_ascii_case(name))
    }

    /// Whether a socket upgrade may proceed: a browser says where its page comes from, other clients say nothing.
    #[must_use]
    pub fn accept_socket(&self, headers: &HeaderMap, arrival: &Arrival) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let own = arrival.host.as_ref().map(|host| format!("{}://{host}", arrival.scheme()));
        own.is_some_and(|own| own.eq_ignore_ascii_case(origin)) || self.0.iter().any(|listed| listed.as_str() == origin)
    }
}

/// The host without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

fn is_address(name: &str) -> bool {
    let bracketed = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bracketed.map_or_else(|| name.parse::<IpAddr>().is_ok(), |inner| inner.parse::<Ipv6Addr>().is_ok())
}

fn ends_with_localhost(name: &str) -> bool {
    name.len() > ".localhost".len() && name.to_ascii_lowercase().ends_with(".localhost")
}

/// Whether a browser on that host is on this machine, by the name that it used.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let name = host_name(host);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback())
        || name.eq_ignore_ascii_case("localhost")
        || ends_with_localhost(name)
}

/// A path on this server, or `/`: where to go after signing in, without ever leaving the site.
#[must_use]
pub fn local_path(next: &str) -> &str {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && next.chars().all(|character| !character.is_control() && character != '\\');
    if local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(list: &[&str]) -> Origins {
        Origins::new(list.iter().map(|origin| origin.parse().expect("an origin")).collect())
    }

    fn accepts(list: &[&str], secure: bool, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        let arrival = Arrival { secure, host: Some("flux.example:8080".to_owned()), ..Arrival::default() };
        origins(list).accept_socket(&headers, &arrival)
    }

    #[test]
    fn a_socket_opens_for_our_own_pages_and_for_tools() {
        assert!(accepts(&[], false, None));
        assert!(accepts(&[], false, Some("http://flux.example:8080")));
        assert!(accepts(&[], true, Some("https://flux.example:8080")));
        for (secure, origin) in [
            (true, "http://flux.example:8080"),
            (false, "https://flux.example:8080"),
            (false, "http://flux.example"),
            (false, "http://evil.example:8080"),
            (false, "http://flux.example:8080.evil.example"),
            (false, "null"),
        ] {
            assert!(!accepts(&[], secure, Some(origin)), "{origin}");
        }
    }

    #[test]
    fn a_listed_origin_opens_sockets_exactly_as_it_stands() {
        let list = ["https://flux.example", "https://other.example:8443"];
        assert!(accepts(&list, false, Some("https://flux.example")));
        assert!(accepts(&list, false, Some("https://other.example:8443")));
        for origin in ["https://other.example", "http://flux.example", "https://flux.example.evil.example"] {
            assert!(!accepts(&list, false, Some(origin)), "{origin}");
        }
    }

    #[test]
    fn an_origin_is_read_as_browsers_write_it() {
        let read = |text: &str| text.parse::<Origin>().map(|origin| origin.to_string());
        assert_eq!(read("HTTPS://Flux.Example:443/"), Ok("https://flux.example".to_owned()));
        assert_eq!(read("http://[::1]:8080"), Ok("http://[::1]:8080".to_owned()));
        for text in ["flux.example", "ftp://flux.example", "https://flux.example/path", "https://me@flux.example", "*"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_is_refused_where_a_bent_name_could_let_a_foreign_page_in() {
        for host in ["localhost:8080", "app.localhost", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3"] {
            assert!(origins(&[]).accept_host(Some(host), true), "{host}");
            assert!(origins(&["https://flux.example"]).accept_host(Some(host), false), "{host}");
        }
        assert!(origins(&[]).accept_host(None, true));
        assert!(!origins(&[]).accept_host(Some("evil.example:8080"), true));
        assert!(origins(&[]).accept_host(Some("flux.example"), false), "nothing was said about hosts");
        let listed = origins(&["https://flux.example"]);
        assert!(listed.accept_host(Some("Flux.example:443"), true));
        assert!(!listed.accept_host(Some("evil.example"), false));
        assert!(!listed.accept_host(Some("localhost.evil.example"), true));
    }

    #[test]
    fn this_machine_has_many_names() {
        for host in ["localhost", "localhost:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:8080", "a.localhost:80"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["flux.example", "10.0.0.1:8080", "localhost.example", "[2001:db8::1]:8080"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn after_signing_in_nobody_leaves_the_site() {
        assert_eq!(local_path("/logs?tail=5"), "/logs?tail=5");
        for outside in ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "", "logs"]
        {
            assert_eq!(local_path(outside), "/", "{outside:?}");
        }
    }
}
