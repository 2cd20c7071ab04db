//! Table `timeline`. A revision of a Flux object that took over, with the reason its controller gave; `namespace` is
//! empty where the kind has none.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "timeline")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub cluster: String,
    pub api_group: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub revision: String,
    pub at_millis: i64,
    pub reason: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
