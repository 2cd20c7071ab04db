//! How many connections are open at the same time, in total and by address.
//!
//! A [`Permit`] counts as long as the connection stands, through an upgrade to a socket too. IPv6 is counted by /64,
//! because that is what one machine has. Trusted proxies are counted in total only: everybody comes through them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::http::proxy::TrustedProxies;

/// Refusals between two lines in the log, beginning with the first.
const LOG_EVERY: u64 = 1000;

#[derive(Debug)]
pub struct Admission {
    total: u32,
    by_address: u32,
    proxies: TrustedProxies,
    open: Mutex<Open>,
    refused_total: AtomicU64,
    refused_by_address: AtomicU64,
}

/// No larger than the number of open connections.
#[derive(Debug, Default)]
struct Open {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Total,
    Address,
}

impl Refusal {
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Total => "Too many connections are open; try again in a moment.",
            Self::Address => "Too many connections are open from this address; try again in a moment.",
        }
    }
}

/// What was counted since the start, and what is open now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionCounts {
    pub open: u32,
    pub refused_total: u64,
    pub refused_by_address: u64,
}

impl Admission {
    #[must_use]
    pub fn new(total: u32, by_address: u32, proxies: TrustedProxies) -> Arc<Self> {
        Arc::new(Self {
            total,
            by_address,
            proxies,
            open: Mutex::default(),
            refused_total: AtomicU64::new(0),
            refused_by_address: AtomicU64::new(0),
        })
    }

    /// A place for one more connection.
    ///
    /// # Errors
    /// Which limit is reached.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Permit, Refusal> {
        let key = (!self.proxies.contains(address)).then(|| of_one_machine(address));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.total {
            return Err(self.refused(Refusal::Total, &self.refused_total));
        }
        if let Some(key) = key {
            let count = open.by_address.get(&key).copied().unwrap_or_default();
            if count >= self.by_address {
                return Err(self.refused(Refusal::Address, &self.refused_by_address));
            }
            open.by_address.insert(key, count + 1);
        }
        open.total += 1;
        Ok(Permit { admission: Arc::clone(self), key })
    }

    fn refused(&self, refusal: Refusal, counter: &AtomicU64) -> Refusal {
        let before = counter.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(LOG_EVERY) {
            tracing::warn!(refused = before + 1, limit = ?refusal, "connections are refused");
        }
        refusal
    }

    #[must_use]
    pub fn counts(&self) -> ConnectionCounts {
        ConnectionCounts {
            open: self.open.lock().unwrap_or_else(PoisonError::into_inner).total,
            refused_total: self.refused_total.load(Ordering::Relaxed),
            refused_by_address: self.refused_by_address.load(Ordering::Relaxed),
        }
    }
}

/// One open connection; gives its place back when dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    key: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.admission.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        let Some(key) = self.key else { return };
        match open.by_address.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.by_address.remove(&key)),
        }
    }
}

fn of_one_machine(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_every_place() {
        let admission = Admission::new(3, 2, TrustedProxies::default());
        let first = admission.admit(address("192.0.2.1")).unwrap();
        let second = admission.admit(address("::ffff:192.0.2.1")).unwrap();
        assert_eq!(admission.admit(address("192.0.2.1")).unwrap_err(), Refusal::Address);
        let other = admission.admit(address("192.0.2.2")).unwrap();
        assert_eq!(admission.admit(address("192.0.2.3")).unwrap_err(), Refusal::Total);
        assert_eq!(admission.counts(), ConnectionCounts { open: 3, refused_total: 1, refused_by_address: 1 });
        drop(first);
        let again = admission.admit(address("192.0.2.1")).unwrap();
        drop((second, other, again));
        assert_eq!(admission.counts().open, 0);
        assert!(admission.open.lock().unwrap().by_address.is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn an_ipv6_machine_has_one_place_for_all_of_its_addresses() {
        let admission = Admission::new(9, 1, TrustedProxies::default());
        let _first = admission.admit(address("2001:db8:1:2::1")).unwrap();
        assert_eq!(admission.admit(address("2001:db8:1:2:ffff::9")).unwrap_err(), Refusal::Address);
        assert!(admission.admit(address("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn a_trusted_proxy_is_counted_in_total_only() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let admission = Admission::new(2, 1, proxies);
        let _first = admission.admit(address("10.0.0.1")).unwrap();
        let _second = admission.admit(address("10.0.0.1")).unwrap();
        assert_eq!(admission.admit(address("10.0.0.1")).unwrap_err(), Refusal::Total);
    }
}
