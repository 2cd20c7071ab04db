//! Registered clusters, and what was last known of every cluster (registered or from a local kubeconfig, so that the
//! second table does not refer to the first).

use sea_orm_migration::prelude::*;

use crate::columns::{CLUSTER, NAME, long_text, number, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let clusters = table(manager, "clusters")
            .col(short_text("id", CLUSTER).not_null().primary_key())
            .col(short_text("name", NAME).not_null())
            .col(long_text(manager, "description").not_null())
            .col(long_text(manager, "server").not_null())
            .col(long_text(manager, "kubeconfig").not_null())
            .col(ColumnDef::new("allow_unreachable").boolean().not_null())
            .col(number("created_at").not_null())
            .take();
        manager.create_table(clusters).await?;
        let states = table(manager, "cluster_states")
            .col(short_text("cluster", CLUSTER).not_null().primary_key())
            .col(short_text("kubernetes_version", 64).null())
            .col(short_text("flux_version", 64).null())
            .col(number("last_seen").null())
            .col(long_text(manager, "permissions").not_null())
            .take();
        manager.create_table(states).await
    }
}
