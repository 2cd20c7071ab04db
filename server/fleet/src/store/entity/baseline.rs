//! Table `baselines`. An object as it was when a revision of its owner had just been applied; `bytes` counts both
//! texts.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "baselines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub cluster: String,
    pub api_group: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub owner: String,
    pub revision: String,
    pub build: String,
    pub captured_at: i64,
    pub json: String,
    pub owned_paths: String,
    pub bytes: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
