//! Table `audit`. One piece of work, from its start row to its end.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub caller: String,
    pub token: Option<String>,
    pub remote: Option<String>,
    pub request_id: Option<String>,
    pub verb: String,
    pub target: String,
    pub cluster: Option<String>,
    pub namespace: Option<String>,
    pub action: String,
    pub detail: String,
    pub outcome: String,
    pub message: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
