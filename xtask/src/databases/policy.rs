//! Debian's word for "install, but start no services": a policy that refuses, for as long as packages are installed.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Asked before any service of a package is started.
const POLICY: &str = "/usr/sbin/policy-rc.d";
/// Exit code 101: forbidden.
const REFUSE: &str = "#!/bin/sh\nexit 101\n";

/// Does `work` under the policy. One that is there already stays as it is; where we may not write one, we may not
/// install either.
pub(super) fn without_services(work: impl FnOnce() -> Result<()>) -> Result<()> {
    let policy = Path::new(POLICY);
    if policy.exists() || std::fs::write(policy, REFUSE).is_err() {
        return work();
    }
    std::fs::set_permissions(policy, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .context("cannot make the policy for services executable")?;
    let done = work();
    std::fs::remove_file(policy).with_context(|| format!("cannot remove {POLICY}"))?;
    done
}
