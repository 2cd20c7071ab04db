//! Local users and the sessions of everybody who signed in.

use sea_orm_migration::prelude::*;

use crate::columns::{DIGEST, NAME, create_index, long_text, number, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = table(manager, "users")
            .col(short_text("name", NAME).not_null().primary_key())
            .col(long_text(manager, "password_hash").not_null())
            .col(long_text(manager, "grants").not_null())
            .col(number("created_at").not_null())
            .take();
        manager.create_table(users).await?;

        let sessions = table(manager, "sessions")
            .col(short_text("token_digest", DIGEST).not_null().primary_key())
            .col(short_text("user_name", NAME).not_null())
            .col(short_text("remote", 64).null())
            .col(number("created_at").not_null())
            .col(number("used_at").not_null())
            .take();
        manager.create_table(sessions).await?;
        create_index(manager, "sessions", "sessions_by_creation", &["created_at"]).await?;
        create_index(manager, "sessions", "sessions_by_use", &["used_at"]).await
    }
}
