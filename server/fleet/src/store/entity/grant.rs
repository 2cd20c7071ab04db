//! Table `grants`. One grant of a user, in its place; `clusters`, `namespaces` and `verbs` are JSON arrays, NULL for all.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_name: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    pub role: String,
    pub clusters: Option<String>,
    pub namespaces: Option<String>,
    pub verbs: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
