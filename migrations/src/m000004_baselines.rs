//! What objects looked like when a revision of their owner had just been applied: the observed desired state.

use sea_orm_migration::prelude::*;

use crate::columns::{OBJECT_KEY, UUID, add_object_key, long_text, number, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut baselines = table(manager, "baselines");
        baselines.col(short_text("id", UUID).not_null().primary_key());
        add_object_key(&mut baselines);
        baselines
            .col(long_text(manager, "owner").not_null())
            .col(long_text(manager, "revision").not_null())
            .col(long_text(manager, "build").not_null())
            .col(number("captured_at").not_null())
            .col(long_text(manager, "json").not_null())
            .col(long_text(manager, "owned_paths").not_null())
            .col(number("bytes").not_null());
        manager.create_table(baselines).await?;

        let mut by_object = Index::create().name("baselines_by_object").table("baselines").if_not_exists().take();
        for (name, _) in OBJECT_KEY {
            by_object.col(name);
        }
        manager.create_index(by_object.col("captured_at").take()).await?;
        let by_time =
            Index::create().name("baselines_by_time").table("baselines").if_not_exists().col("captured_at").take();
        manager.create_index(by_time).await
    }
}
