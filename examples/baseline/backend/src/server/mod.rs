//! The composition root: the only place that names implementations.

pub mod state_builders;
