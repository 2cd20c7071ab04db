//! One row a fact about the database itself, first of all the value that tells whether a key is the right one.

use sea_orm_migration::prelude::*;

use crate::columns::{long_text, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let settings = table(manager, "settings")
            .col(short_text("name", 64).not_null().primary_key())
            .col(long_text(manager, "value").not_null())
            .take();
        manager.create_table(settings).await
    }
}
