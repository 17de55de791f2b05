//! Tests of the adapters at the level of HTTP: what goes out, how often, and what becomes of each answer.

mod changes;
mod identity;
mod reads;
mod records;
mod rollouts;
