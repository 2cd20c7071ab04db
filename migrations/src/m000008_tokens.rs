//! API tokens, of which only the digest is kept, and a column that says which of them an audited piece of work came
//! through.

use sea_orm_migration::prelude::*;

use crate::columns::{DIGEST, NAME, UUID, create_index, long_text, number, short_text, table};
use crate::m000007_grants::add_column;

/// Longest name of a token, in characters.
const TOKEN_NAME: u32 = 64;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tokens = table(manager, "tokens")
            .col(short_text("id", UUID).not_null().primary_key())
            .col(short_text("digest", DIGEST).not_null().unique_key())
            .col(short_text("owner", NAME).not_null())
            .col(short_text("name", TOKEN_NAME).not_null())
            .col(long_text(manager, "scopes").not_null())
            .col(number("created_at").not_null())
            .col(number("expires_at").not_null())
            .col(number("last_used_at").null())
            .col(short_text("last_used_from", 64).null())
            .take();
        manager.create_table(tokens).await?;
        create_index(manager, "tokens", "tokens_by_owner", &["owner"]).await?;
        add_column(manager, "audit", "token", short_text("token", TOKEN_NAME).null()).await?;
        create_index(manager, "audit", "audit_by_caller", &["caller", "started_at"]).await
    }
}
