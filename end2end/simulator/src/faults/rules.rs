//! The faults that are active in one cluster, and what they mean for a request.
//!
//! Whoever holds a body listens for changes of the set and asks again, so that a fault also meets what is open.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::plan::{Fault, Reach, RequestKind};
use crate::random::Random;

#[derive(Debug)]
struct Rule {
    id: u64,
    fault: Fault,
    reach: Reach,
    random: Random,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Rules {
    active: Mutex<Vec<Rule>>,
    /// How often the set has changed; also the number of the next rule.
    changes: watch::Sender<u64>,
}

impl Rules {
    pub(crate) fn new() -> Self {
        Self { active: Mutex::default(), changes: watch::Sender::new(0) }
    }

    fn active(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Activates a fault; the number ends it.
    pub(crate) fn begin(&self, fault: Fault, reach: Reach, random: Random) -> u64 {
        let mut active = self.active();
        let id = active.last().map_or(0, |rule| rule.id + 1);
        active.push(Rule { id, fault, reach, random });
        drop(active);
        self.changes.send_modify(|changes| *changes += 1);
        id
    }

    pub(crate) fn end(&self, id: u64) {
        self.active().retain(|rule| rule.id != id);
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// What a request meets now; draws for rules that meet only some.
    pub(crate) fn meet(&self, path: &str, kind: RequestKind) -> Vec<Fault> {
        let mut met = Vec::new();
        for rule in self.active().iter_mut().filter(|rule| rule.reach.covers(path, kind)) {
            let percent = rule.reach.percent;
            if percent >= 100 || rule.random.below(100) < usize::from(percent) {
                met.push(rule.fault.clone());
            }
        }
        met
    }

    /// Whether a fault is active, whatever it reaches.
    pub(crate) fn any(&self, wanted: impl Fn(&Fault) -> bool) -> bool {
        self.active().iter().any(|rule| wanted(&rule.fault))
    }

    /// The active shifts of the clock together.
    pub(crate) fn skew_millis(&self) -> i64 {
        let shift = |rule: &Rule| match rule.fault {
            Fault::ClockSkew { millis } => Some(millis),
            _ => None,
        };
        self.active().iter().filter_map(shift).sum()
    }

    /// Tells when the set changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use crate::faults::plan::{Fault, Reach, RequestKind};
    use crate::random::Random;

    #[test]
    fn a_share_of_requests_is_drawn_by_the_seed() {
        let met = |seed| {
            let rules = Rules::new();
            let reach = Reach { percent: 30, ..Reach::default() };
            rules.begin(Fault::ServerError, reach, Random::new(seed, "a"));
            (0..1_000).map(|_| rules.meet("/api", RequestKind::Read).len()).collect::<Vec<_>>()
        };
        assert_eq!(met(1), met(1));
        assert_ne!(met(1), met(2));
        assert!((250..350).contains(&met(1).iter().sum::<usize>()));
    }

    #[test]
    fn what_has_ended_is_not_met() {
        let rules = Rules::new();
        let first = rules.begin(Fault::Reset, Reach::default(), Random::new(1, ""));
        let second = rules.begin(Fault::Gone, Reach::default(), Random::new(1, ""));
        rules.end(first);
        assert_eq!(rules.meet("/api", RequestKind::Watch), [Fault::Gone]);
        rules.end(second);
        assert!(!rules.any(|_| true));
    }
}
