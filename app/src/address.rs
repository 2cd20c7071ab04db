//! Addresses of pages: what a URL says, and the URL that says it.
//!
//! Every state that somebody may want to send to a colleague is in here, so a pasted link shows the same thing.
//! Reading is tolerant (an unknown word is the default), writing leaves defaults out.

mod crumb;
mod diff;
mod logs;
mod object;
mod query;
mod resources;
mod settings;

pub(crate) use crumb::{Crumb, crumbs};
pub(crate) use diff::{DEFAULT_CONTEXT, DiffAddress, DiffView};
pub(crate) use logs::LogsAddress;
pub use object::ObjectAddress;
pub(crate) use object::{ObjectTab, object_tab};
pub(crate) use query::Query;
pub(crate) use resources::{list_query, resources, sorted_by};
pub(crate) use settings::{audit, audit_export, read_audit, user_page};
