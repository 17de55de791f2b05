//! Tests of the adapters at the level of HTTP: what goes out, how often, and what becomes of each answer.

mod builds;
mod changes;
mod identity;
mod invalidations;
mod manifests;
mod objects;
mod parts;
mod reads;
mod records;
mod rollouts;
