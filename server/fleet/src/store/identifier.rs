//! Row ids that sort by time.

use super::error::StoreError;

/// A version 7 UUID of that moment (milliseconds since 1970).
pub(super) fn at(millis: i64) -> Result<String, StoreError> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|_| StoreError::Random)?;
    Ok(uuid::Builder::from_unix_timestamp_millis(millis.max(0).unsigned_abs(), &random).into_uuid().to_string())
}
