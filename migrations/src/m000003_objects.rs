//! Last known objects, so that a restart or an unreachable cluster still shows the last truth.

use sea_orm_migration::prelude::*;

use crate::columns::{OBJECT_KEY, add_object_key, long_text, number, short_text, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut objects = table(manager, "objects");
        add_object_key(&mut objects);
        objects
            .col(short_text("version", 64).not_null())
            .col(long_text(manager, "json").not_null())
            .col(number("seen_at").not_null());
        let mut key = Index::create();
        for (name, _) in OBJECT_KEY {
            key.col(name);
        }
        objects.primary_key(&mut key);
        manager.create_table(objects).await
    }
}
