//! Addresses, certificates and cookies: whether anybody can reach this server and sign in.

use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Finding, Outcome, sentence};
use crate::cli::serve::{AuthMode, NetworkOptions, ServeOptions};
use crate::http::tls::Certificate;

/// A certificate that ends sooner is worth a warning, in days.
const SOON: i64 = 14;
const DAY: i64 = 24 * 60 * 60;

pub(super) fn look(options: &ServeOptions) -> Vec<Finding> {
    let network = &options.network;
    let mut findings = vec![listen("listen", network.listen)];
    findings.extend(network.admin_listen.map(|address| listen("admin listen", address)));
    findings.extend(tls(network));
    findings.push(sign_in(options));
    findings
}

fn listen(subject: &str, address: std::net::SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::new(subject, Outcome::Passed, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Finding::new(subject, Outcome::Warning, format!("{address} is taken, by this server if it runs already"))
        }
        Err(error) => Finding::new(subject, Outcome::Failed, format!("{address} cannot be listened on: {error}")),
    }
}

fn tls(network: &NetworkOptions) -> Option<Finding> {
    let (Some(certificate), Some(key)) = (&network.tls_cert, &network.tls_key) else { return None };
    let certificate = match Certificate::load(certificate, key) {
        Ok(certificate) => certificate,
        Err(error) => return Some(Finding::new("tls", Outcome::Failed, sentence(&error))),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed());
    Some(validity(certificate.not_before(), certificate.not_after(), now))
}

/// All in seconds since 1970.
fn validity(not_before: i64, not_after: i64, now: i64) -> Finding {
    let date = |seconds| jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |at| at.to_string());
    let (outcome, detail) = match (not_after - now).div_euclid(DAY) {
        _ if now < not_before => (Outcome::Failed, format!("the certificate begins at {} only", date(not_before))),
        ..0 => (Outcome::Failed, format!("the certificate ended at {}; renew it", date(not_after))),
        days @ 0..SOON => (Outcome::Warning, format!("the certificate ends in {days} days, at {}", date(not_after))),
        _ => (Outcome::Passed, format!("certificate and key belong together, until {}", date(not_after))),
    };
    Finding::new("tls", outcome, detail)
}

fn sign_in(options: &ServeOptions) -> Finding {
    let network = &options.network;
    let loopback = network.listen.ip().is_loopback();
    let secure = network.tls_cert.is_some() || network.public_url.as_ref().is_some_and(|url| url.is_secure());
    let (outcome, detail) = match options.auth {
        AuthMode::None if loopback => (Outcome::Warning, "--auth none: everybody on this machine is administrator"),
        AuthMode::None => (Outcome::Failed, "--auth none is accepted on a loopback address only"),
        _ if secure => (Outcome::Passed, "over HTTPS, with cookies of this host only"),
        _ if !network.trusted_proxies.is_empty() => {
            (Outcome::Passed, "over HTTPS where a trusted proxy says that it speaks it (X-Forwarded-Proto)")
        }
        _ if loopback => (Outcome::Passed, "from this machine"),
        _ => (
            Outcome::Failed,
            "browsers keep no session cookie over plain HTTP from another machine; give --tls-cert and --tls-key, or \
             put a proxy with TLS in front and give --public-url or --trusted-proxy",
        ),
    };
    Finding::new("sign-in", outcome, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> ServeOptions {
        ServeOptions::from_arguments(arguments.iter().map(Into::into)).expect("flags of serve")
    }

    #[test]
    fn a_certificate_is_judged_by_how_long_it_lasts() {
        let outcome = |now: i64| validity(10 * DAY, 100 * DAY, now).outcome;
        assert_eq!(outcome(9 * DAY), Outcome::Failed, "not begun");
        assert_eq!(outcome(50 * DAY), Outcome::Passed);
        assert_eq!(outcome(90 * DAY), Outcome::Warning);
        assert_eq!(outcome(101 * DAY), Outcome::Failed);
    }

    #[test]
    fn nobody_can_sign_in_over_plain_http_from_another_machine() {
        assert_eq!(sign_in(&options(&["--listen", "0.0.0.0:8080"])).outcome, Outcome::Failed);
        for sound in [
            &["--listen", "127.0.0.1:8080"][..],
            &["--listen", "0.0.0.0:8080", "--public-url", "https://flux.example"],
            &["--listen", "0.0.0.0:8080", "--trusted-proxy", "10.0.0.0/8"],
        ] {
            assert_eq!(sign_in(&options(sound)).outcome, Outcome::Passed, "{sound:?}");
        }
        assert_eq!(sign_in(&options(&["--auth", "none", "--listen", "0.0.0.0:1"])).outcome, Outcome::Failed);
    }
}
