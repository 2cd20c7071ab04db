//! The pages, one a route. A page reads its address, asks once, and hands plain data to parts.

mod cluster;
mod clusters;
mod diff;
mod fleet;
mod login;
mod logs;
mod not_found;
mod object;
mod register;
mod resources;

pub(crate) use cluster::ClusterPage;
pub(crate) use clusters::ClustersPage;
pub(crate) use diff::DiffPage;
pub(crate) use fleet::FleetPage;
pub(crate) use login::LoginPage;
pub(crate) use logs::LogsPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use object::ObjectPage;
pub(crate) use register::RegisterPage;
pub(crate) use resources::ResourcesPage;
