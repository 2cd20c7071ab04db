//! Where the store is and what opens it: the flags that every command on the store shares; and what it keeps.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use fleet::clock::Clock;
use fleet::store::{KeySource, Retention, StoreConfig};
use secrecy::SecretString;

/// Where the store is.
#[derive(Clone, Debug, Args)]
pub struct DatabaseOptions {
    /// Where state is kept, as `sqlite://PATH`, `postgres://…` or `mysql://…`.
    #[arg(
        long,
        env = "FLUX_ORCHESTRATOR_DATABASE",
        default_value = "sqlite://flux-orchestrator.db",
        hide_env_values = true
    )]
    pub database: String,
}

#[derive(Clone, Debug, Args)]
pub struct StoreOptions {
    #[command(flatten)]
    pub place: DatabaseOptions,
    /// File with the key that seals credentials; made beside the SQLite file if it is not named.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// The key itself, for platforms that hand secrets over as variables.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEY", hide_env_values = true, conflicts_with = "key_file")]
    pub key: Option<SecretString>,
}

impl StoreOptions {
    #[must_use]
    pub fn key_source(&self) -> KeySource {
        match (&self.key, &self.key_file) {
            (Some(key), _) => KeySource::Value(key.clone()),
            (None, Some(file)) => KeySource::File(file.clone()),
            (None, None) => KeySource::BesideDatabase,
        }
    }

    #[must_use]
    pub fn config(&self, clock: Clock, retention: Retention) -> StoreConfig {
        StoreConfig { url: self.place.database.clone(), key: self.key_source(), clock, retention }
    }
}

/// What the store keeps at most; ages and numbers hold together.
#[derive(Clone, Debug, Args)]
pub struct RetentionOptions {
    /// Baselines that are kept of one object.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_BASELINES", default_value_t = Retention::default().baselines_per_object, value_parser = clap::value_parser!(u64).range(1..))]
    pub keep_baselines: u64,
    /// MiB that the texts of all baselines take together.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_BASELINE_MIB", default_value_t = Retention::default().baseline_bytes >> 20, value_parser = clap::value_parser!(u64).range(..=1 << 30))]
    pub keep_baseline_mib: u64,
    /// Days that the audit trail goes back.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_AUDIT_DAYS", default_value_t = days(Retention::default().audit_age))]
    pub keep_audit_days: u32,
    /// Rows of the audit trail.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_AUDIT_ROWS", default_value_t = Retention::default().audit_rows)]
    pub keep_audit_rows: u64,
    /// Days that the timeline goes back.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_TIMELINE_DAYS", default_value_t = days(Retention::default().timeline_age))]
    pub keep_timeline_days: u32,
    /// Rows of the timeline.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_TIMELINE_ROWS", default_value_t = Retention::default().timeline_rows)]
    pub keep_timeline_rows: u64,
    /// Days after sign-in that a session is kept; sessions end earlier by their own rules.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_SESSION_DAYS", default_value_t = days(Retention::default().session_age))]
    pub keep_session_days: u32,
    /// Sessions that are kept.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_SESSION_ROWS", default_value_t = Retention::default().session_rows)]
    pub keep_session_rows: u64,
    /// Days that everything of a cluster is kept which left the kubeconfig.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEEP_REMOVED_CLUSTER_DAYS", default_value_t = days(Retention::default().removed_cluster_age))]
    pub keep_removed_cluster_days: u32,
}

impl RetentionOptions {
    #[must_use]
    pub fn retention(&self) -> Retention {
        Retention {
            baselines_per_object: self.keep_baselines,
            baseline_bytes: self.keep_baseline_mib << 20,
            audit_age: DAY * self.keep_audit_days,
            audit_rows: self.keep_audit_rows,
            timeline_age: DAY * self.keep_timeline_days,
            timeline_rows: self.keep_timeline_rows,
            session_age: DAY * self.keep_session_days,
            session_rows: self.keep_session_rows,
            removed_cluster_age: DAY * self.keep_removed_cluster_days,
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn days(age: Duration) -> u32 {
    u32::try_from(age.as_secs() / DAY.as_secs()).unwrap_or(u32::MAX)
}
