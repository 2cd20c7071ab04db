//! The pages, one a route. A page reads its address, asks once, and hands plain data to parts.

mod account;
mod audit;
mod cluster;
mod clusters;
mod diff;
mod fleet;
mod lazy;
mod login;
mod logs;
mod not_found;
mod object;
mod register;
mod resources;
mod settings;
mod users;

use account::AccountPage;
use audit::AuditPage;
use cluster::ClusterPage;
pub(crate) use clusters::ClustersPage;
use diff::DiffPage;
pub(crate) use fleet::FleetPage;
pub(crate) use lazy::{
    AccountRoute, AuditRoute, ClusterRoute, DiffRoute, LogsRoute, ObjectRoute, RegisterRoute, ResourcesRoute,
    UserRoute, UsersRoute,
};
pub(crate) use login::LoginPage;
use logs::LogsPage;
pub(crate) use not_found::NotFoundPage;
use object::ObjectPage;
use register::RegisterPage;
use resources::ResourcesPage;
use users::{UserPage, UsersPage};
