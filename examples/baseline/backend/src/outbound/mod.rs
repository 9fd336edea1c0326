//! Driven adapters. Those on PostgreSQL follow with 3.5.2 to 3.5.4.

pub mod fixtures;
