//! Schema of the store, forward only.
//!
//! Owns the tables and their order; each migration is one concept and never changes once released. There is no way
//! down: a release that went wrong is followed by another migration. One that was cut short runs again from its
//! beginning. Written for SQLite, PostgreSQL and MariaDB or MySQL ([`columns`] holds what differs).

#![expect(elided_lifetimes_in_paths, reason = "async_trait takes the trait's own form only: `&SchemaManager`")]

pub mod columns;
mod database;
mod m000001_settings;
mod m000002_clusters;
mod m000003_objects;
mod m000004_baselines;
mod m000005_users;
mod m000006_audit;
mod m000007_grants;
mod m000008_tokens;
mod m000009_timeline;
mod m000010_baseline_sizes;
mod m000011_audit_requests;

pub use self::database::prepare;
pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::{MigrationTrait, async_trait};

/// All migrations in their order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m000001_settings::Migration),
            Box::new(m000002_clusters::Migration),
            Box::new(m000003_objects::Migration),
            Box::new(m000004_baselines::Migration),
            Box::new(m000005_users::Migration),
            Box::new(m000006_audit::Migration),
            Box::new(m000007_grants::Migration),
            Box::new(m000008_tokens::Migration),
            Box::new(m000009_timeline::Migration),
            Box::new(m000010_baseline_sizes::Migration),
            Box::new(m000011_audit_requests::Migration),
        ]
    }
}
