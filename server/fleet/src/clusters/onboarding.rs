//! The manifests that give this product a service account on a cluster, in three steps of growing rights.

/// A step of onboarding; each needs the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnboardingStep {
    /// Service account, token, and the right to read.
    Read,
    /// Reconcile, suspend, resume.
    Act,
    /// Server-side-apply dry-runs for exact diffs.
    DryRun,
}

impl OnboardingStep {
    pub const ALL: [Self; 3] = [Self::Read, Self::Act, Self::DryRun];

    /// The word in URLs: `read`, `act`, `dry-run`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Act => "act",
            Self::DryRun => "dry-run",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    /// YAML for `kubectl apply -f`.
    #[must_use]
    pub fn manifest(self) -> &'static str {
        match self {
            Self::Read => include_str!("onboarding/1-read.yaml"),
            Self::Act => include_str!("onboarding/2-act.yaml"),
            Self::DryRun => include_str!("onboarding/3-dry-run.yaml"),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::catalogue;

    use super::*;

    #[test]
    fn each_flux_group_can_be_read_and_acted_on() {
        for kind in &catalogue::KINDS {
            for step in [OnboardingStep::Read, OnboardingStep::Act] {
                let line = format!("- {}\n", kind.group);
                assert!(step.manifest().contains(&line), "{} is missing from step {}", kind.group, step.word());
            }
        }
    }

    #[test]
    fn each_step_is_found_by_its_word() {
        for step in OnboardingStep::ALL {
            assert_eq!(OnboardingStep::parse(step.word()), Some(step));
        }
    }
}
