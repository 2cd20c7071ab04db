//! Grants as rows of their own; what else is known of users and of where they signed in.
//!
//! The grants of existing users move over from their JSON. A grant's places and verbs are JSON arrays, NULL for all.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value as Json;

use crate::columns::{NAME, create_index, long_text, number, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let grants = table(manager, "grants")
            .col(short_text("user_name", NAME).not_null())
            .col(number("place").not_null())
            .col(short_text("role", 16).not_null())
            .col(long_text(manager, "clusters").null())
            .col(long_text(manager, "namespaces").null())
            .col(long_text(manager, "verbs").null())
            .primary_key(Index::create().col("user_name").col("place"))
            .take();
        manager.create_table(grants).await?;
        add_column(manager, "users", "disabled", ColumnDef::new("disabled").boolean().not_null().default(false))
            .await?;
        add_column(manager, "users", "last_sign_in", number("last_sign_in").null()).await?;
        let user_agent = &mut short_text("user_agent", 256);
        add_column(manager, "sessions", "user_agent", user_agent.not_null().default("")).await?;
        create_index(manager, "sessions", "sessions_by_user", &["user_name"]).await?;
        if manager.has_column("users", "grants").await? {
            move_grants(manager).await?;
            manager.alter_table(Table::alter().table("users").drop_column("grants").take()).await?;
        }
        Ok(())
    }
}

/// A migration that was cut short finds some of its columns there.
pub(crate) async fn add_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &'static str,
    column: &mut ColumnDef,
) -> Result<(), DbErr> {
    if manager.has_column(table, name).await? {
        return Ok(());
    }
    manager.alter_table(Table::alter().table(table).add_column(column).take()).await
}

async fn move_grants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let users = Query::select().columns(["name", "grants"]).from("users").take();
    for row in connection.query_all(&users).await? {
        let (name, grants): (String, String) = (row.try_get("", "name")?, row.try_get("", "grants")?);
        let grants: Vec<Json> = serde_json::from_str(&grants)
            .map_err(|error| DbErr::Migration(format!("the grants of user {name} are no JSON: {error}")))?;
        // Again from the beginning, where a run was cut short.
        connection
            .execute(&Query::delete().from_table("grants").cond_where(Expr::col("user_name").eq(name.as_str())).take())
            .await?;
        for (place, grant) in (0_i64..).zip(&grants) {
            let list = |field: &str| grant.get(field).filter(|list| !list.is_null()).map(Json::to_string);
            let row = Query::insert()
                .into_table("grants")
                .columns(["user_name", "place", "role", "clusters", "namespaces"])
                .values([
                    name.as_str().into(),
                    place.into(),
                    grant["role"].as_str().unwrap_or("viewer").into(),
                    list("clusters").into(),
                    list("namespaces").into(),
                ])
                .map_err(|error| DbErr::Migration(error.to_string()))?
                .take();
            connection.execute(&row).await?;
        }
    }
    Ok(())
}
