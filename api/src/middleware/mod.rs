//! What stands between a connection and the routes, a file a concern; [`crate::app`] puts them in order.

mod auth;
mod body;
mod cors;
mod deadline;
mod host;
mod measure;
mod origin;
mod request_id;
mod respond;
mod scrape;
mod span;
mod target;

pub(crate) use auth::{Authenticate, Credentials};
pub(crate) use body::BodyLimit;
pub(crate) use cors::Cors;
pub(crate) use deadline::Deadline;
pub(crate) use host::CheckHost;
pub(crate) use measure::{announce, measure};
pub(crate) use respond::{finish, panicked};
pub(crate) use scrape::Scrape;
pub(crate) use target::CheckTarget;
