//! Local users and the sessions of everybody who signed in.

use sea_orm_migration::prelude::*;

use crate::columns::{DIGEST, NAME, long_text, number, short_text, table};

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
        for (name, column) in [("sessions_by_creation", "created_at"), ("sessions_by_use", "used_at")] {
            let index = Index::create().name(name).table("sessions").if_not_exists().col(column).take();
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
