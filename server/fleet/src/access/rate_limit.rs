//! How often somebody may try to sign in: five times a minute from one address, and five times a minute for one name.
//!
//! One attempt comes back each twelve seconds. The number of addresses and names that are remembered is bounded; beyond
//! it everybody has to wait, since a server that is guessed at from ten thousand places is under attack.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

const PER_MINUTE: NonZeroU32 = NonZeroU32::new(5).expect("5 is not 0");
const REMEMBERED: usize = 10_000;
/// Beyond it names share a place; no user's name is as long.
const NAME_LENGTH: usize = 253;

/// Seconds until the next attempt is worth making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany(pub(super) u64);

pub(super) struct SignInLimits {
    by_remote: Limiter<IpAddr>,
    by_name: Limiter<String>,
}

impl SignInLimits {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { by_remote: Limiter::new(clock), by_name: Limiter::new(clock) }
    }

    /// Counts an attempt. One that the address is refused does not count for the name.
    pub(super) fn attempt(&self, name: &str, remote: Option<IpAddr>) -> Result<(), TooMany> {
        if let Some(remote) = remote {
            self.by_remote.attempt(network(remote))?;
        }
        self.by_name.attempt(name.chars().take(NAME_LENGTH).collect())
    }
}

/// A household or machine has a whole /64 of IPv6 addresses.
fn network(remote: IpAddr) -> IpAddr {
    match remote.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

struct Limiter<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, Since1970, NoOpMiddleware<Duration>>,
    clock: Since1970,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(clock: &Clock) -> Self {
        let clock = Since1970(clock.clone());
        Self { limiter: RateLimiter::dashmap_with_clock(Quota::per_minute(PER_MINUTE), clock.clone()), clock }
    }

    fn attempt(&self, key: K) -> Result<(), TooMany> {
        if self.limiter.len() >= REMEMBERED {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
            if self.limiter.len() >= REMEMBERED {
                return Err(TooMany(60));
            }
        }
        self.limiter.check_key(&key).map_err(|until| {
            let wait = until.earliest_possible().duration_since(self.clock.now());
            TooMany(Duration::from(wait).as_secs().max(1))
        })
    }
}

/// The engine's clock as the limiter reads it.
#[derive(Clone)]
struct Since1970(Clock);

impl governor::clock::Clock for Since1970 {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().max(0).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn limits() -> (SignInLimits, Arc<AtomicI64>) {
        let now = Arc::new(AtomicI64::new(1_000_000));
        let clock = Clock::new({
            let now = now.clone();
            move || now.load(Ordering::Relaxed)
        });
        (SignInLimits::new(&clock), now)
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn the_sixth_attempt_of_a_minute_is_refused_whatever_the_name() {
        let (limits, now) = limits();
        for attempt in 0..5 {
            assert_eq!(limits.attempt(&format!("user{attempt}"), address("192.0.2.1")), Ok(()));
        }
        assert_eq!(limits.attempt("ada", address("192.0.2.1")), Err(TooMany(12)));
        assert_eq!(limits.attempt("ada", address("192.0.2.2")), Ok(()));
        now.fetch_add(12_000, Ordering::Relaxed);
        assert_eq!(limits.attempt("ada", address("192.0.2.1")), Ok(()));
    }

    #[test]
    fn one_name_is_not_guessed_at_from_many_addresses() {
        let (limits, _) = limits();
        for host in 0..5 {
            assert_eq!(limits.attempt("ada", address(&format!("192.0.2.{host}"))), Ok(()));
        }
        assert_eq!(limits.attempt("ada", address("192.0.2.9")), Err(TooMany(12)));
        assert_eq!(limits.attempt("bob", address("192.0.2.9")), Ok(()));
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let (limits, _) = limits();
        for host in 0..5 {
            assert_eq!(limits.attempt(&format!("user{host}"), address(&format!("2001:db8::{host}"))), Ok(()));
        }
        assert!(limits.attempt("ada", address("2001:db8::ffff:1")).is_err());
        assert!(limits.attempt("ada", address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten_after_a_minute() {
        let (limits, now) = limits();
        for user in 0..REMEMBERED {
            assert_eq!(limits.attempt(&format!("user{user}"), None), Ok(()));
        }
        assert_eq!(limits.attempt("one more", None), Err(TooMany(60)));
        now.fetch_add(120_000, Ordering::Relaxed);
        assert_eq!(limits.attempt("one more", None), Ok(()));
    }
}
