//! Grants of users, as rows. Read and written with the user whose they are, within the same transaction.

use std::collections::BTreeMap;

use domain::access::{Grant, Role};
use domain::object::ClusterId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entity::grant::{ActiveModel, Column, Entity, Model};
use super::error::StoreError;

const WHAT: &str = "grants";

pub(super) async fn of_user(connection: &impl ConnectionTrait, user: &str) -> Result<Vec<Grant>, StoreError> {
    let rows = Entity::find().filter(Column::UserName.eq(user)).order_by_asc(Column::Place);
    let rows = rows.all(connection).await.map_err(StoreError::reading(WHAT))?;
    rows.into_iter().map(stored).collect()
}

/// The grants of everybody, by name.
pub(super) async fn of_all(connection: &impl ConnectionTrait) -> Result<BTreeMap<String, Vec<Grant>>, StoreError> {
    let rows = Entity::find().order_by_asc(Column::UserName).order_by_asc(Column::Place);
    let rows = rows.all(connection).await.map_err(StoreError::reading(WHAT))?;
    let mut grants: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for row in rows {
        grants.entry(row.user_name.clone()).or_default().push(stored(row)?);
    }
    Ok(grants)
}

/// Puts these grants in place of the ones that the user has.
pub(super) async fn replace(transaction: &DatabaseTransaction, user: &str, grants: &[Grant]) -> Result<(), StoreError> {
    delete(transaction, user).await?;
    let rows: Vec<ActiveModel> =
        grants.iter().zip(0..).map(|(grant, place)| row(user, place, grant)).collect::<Result<_, _>>()?;
    if rows.is_empty() {
        return Ok(());
    }
    Entity::insert_many(rows).exec_without_returning(transaction).await.map_err(StoreError::writing(WHAT))?;
    Ok(())
}

pub(super) async fn delete(transaction: &DatabaseTransaction, user: &str) -> Result<(), StoreError> {
    let own = Entity::delete_many().filter(Column::UserName.eq(user));
    own.exec(transaction).await.map_err(StoreError::writing(WHAT))?;
    Ok(())
}

/// Names of the users that are administrators without a limit. With `locked` nobody else changes these grants before
/// the transaction ends.
pub(super) async fn administrators(transaction: &DatabaseTransaction, locked: bool) -> Result<Vec<String>, StoreError> {
    let whole: Select<Entity> = Entity::find()
        .filter(Column::Role.eq(Role::Admin.word()))
        .filter(Column::Clusters.is_null())
        .filter(Column::Namespaces.is_null())
        .filter(Column::Verbs.is_null());
    let whole = if locked { whole.lock_exclusive() } else { whole };
    let rows = whole.all(transaction).await.map_err(StoreError::reading(WHAT))?;
    Ok(rows.into_iter().map(|row| row.user_name).collect())
}

fn row(user: &str, place: i64, grant: &Grant) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        user_name: Set(user.to_owned()),
        place: Set(place),
        role: Set(grant.role.word().to_owned()),
        clusters: Set(written(grant.clusters.as_ref())?),
        namespaces: Set(written(grant.namespaces.as_ref())?),
        verbs: Set(written(grant.verbs.as_ref())?),
    })
}

fn stored(row: Model) -> Result<Grant, StoreError> {
    Ok(Grant {
        // Only a newer version writes other roles; the least right is the safe answer.
        role: Role::parse(&row.role).unwrap_or(Role::Viewer),
        clusters: read::<Vec<ClusterId>>(row.clusters)?,
        namespaces: read(row.namespaces)?,
        verbs: read(row.verbs)?,
    })
}

fn written(list: Option<&impl Serialize>) -> Result<Option<String>, StoreError> {
    let json = list.map(serde_json::to_string).transpose();
    json.map_err(|source| StoreError::Json { what: WHAT, source })
}

fn read<T: DeserializeOwned>(json: Option<String>) -> Result<Option<T>, StoreError> {
    let list = json.map(|json| serde_json::from_str(&json)).transpose();
    list.map_err(|source| StoreError::Json { what: WHAT, source })
}
