//! What objects looked like when a revision of their owner had just been applied: the observed desired state.

use sea_orm_migration::prelude::*;

use crate::columns::{
    OBJECT_KEY_AND_CAPTURE, UUID, add_object_key, create_index, long_text, number, short_text, table,
};

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

        create_index(manager, "baselines", "baselines_by_object", &OBJECT_KEY_AND_CAPTURE).await?;
        create_index(manager, "baselines", "baselines_by_time", &["captured_at"]).await
    }
}
