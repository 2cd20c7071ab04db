//! Who did what, on which object, from where, and how it ended.

use sea_orm_migration::prelude::*;

use crate::columns::{CLUSTER, LABEL, NAME, UUID, create_index, long_text, number, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let audit = table(manager, "audit")
            .col(short_text("id", UUID).not_null().primary_key())
            .col(number("started_at").not_null())
            .col(number("finished_at").null())
            .col(short_text("caller", NAME).not_null())
            .col(short_text("remote", 64).null())
            .col(short_text("verb", 32).not_null())
            .col(long_text(manager, "target").not_null())
            .col(short_text("cluster", CLUSTER).null())
            .col(short_text("namespace", LABEL).null())
            .col(short_text("action", 128).not_null())
            .col(long_text(manager, "detail").not_null())
            .col(short_text("outcome", 16).not_null())
            .col(long_text(manager, "message").not_null())
            .take();
        manager.create_table(audit).await?;
        create_index(manager, "audit", "audit_by_time", &["started_at"]).await?;
        create_index(manager, "audit", "audit_by_cluster", &["cluster", "started_at"]).await
    }
}
