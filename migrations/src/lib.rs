//! Schema of the store, forward only.
//!
//! Owns the tables and their order; each migration is one concept and never changes once released. There is no way
//! down: a release that went wrong is followed by another migration. Written for SQLite, PostgreSQL and MariaDB or
//! MySQL ([`columns`] holds what differs); only SQLite is tested so far.

#![expect(elided_lifetimes_in_paths, reason = "async_trait takes the trait's own form only: `&SchemaManager`")]

pub mod columns;
mod m000001_settings;
mod m000002_clusters;
mod m000003_objects;
mod m000004_baselines;
mod m000005_users;
mod m000006_audit;

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
        ]
    }
}
