//! The sizes of baselines by age in an index of their own, so that adding them up reads none of the large texts.

use sea_orm_migration::prelude::*;

use crate::columns::create_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, "baselines", "baselines_by_age_and_size", &["captured_at", "bytes", "id"]).await
    }
}
