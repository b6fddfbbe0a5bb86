//! What a platform team sees of what runs, and what it deploys with.

mod chart;
mod images;
mod inference;
mod observability;
mod promql;
mod traces;
