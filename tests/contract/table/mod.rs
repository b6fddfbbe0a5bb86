//! The language of the table: rows, and the shapes of what comes back.

pub(crate) mod row;
pub(crate) mod shape;
pub(crate) mod shapes;
