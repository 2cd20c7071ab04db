//! The request on whose behalf a piece of work was done, so that the trail, the log and an error message can be matched.

use sea_orm_migration::prelude::*;

use crate::columns::short_text;
use crate::m000007_grants::add_column;

/// Longest request id that the server takes from a proxy, in characters.
const REQUEST_ID: u32 = 128;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_column(manager, "audit", "request_id", short_text("request_id", REQUEST_ID).null()).await
    }
}
