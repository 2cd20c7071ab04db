//! `/api/v1` (and the same beneath `/api`): REST over the services. `docs/api.md` describes it for outsiders.

pub mod audit;
pub mod clusters;
pub mod conditional;
pub mod export;
pub mod logs;
pub mod openapi;
pub mod parameters;
pub mod resources;
pub mod sessions;
pub mod tokens;
pub mod users;
