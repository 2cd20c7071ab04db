//! When which revision of a Flux object took over: kept beyond the events of the cluster.

use sea_orm_migration::prelude::*;

use crate::columns::{UUID, add_object_key, create_index, number, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut timeline = table(manager, "timeline");
        timeline.col(short_text("id", UUID).not_null().primary_key());
        add_object_key(&mut timeline);
        timeline
            .col(short_text("revision", 512).not_null())
            .col(number("at_millis").not_null())
            .col(short_text("reason", 128).not_null());
        manager.create_table(timeline).await?;
        let by_object = ["cluster", "api_group", "kind", "namespace", "name", "at_millis"];
        create_index(manager, "timeline", "timeline_by_object", &by_object).await?;
        create_index(manager, "timeline", "timeline_by_cluster", &["cluster", "at_millis"]).await?;
        create_index(manager, "timeline", "timeline_by_time", &["at_millis"]).await
    }
}
