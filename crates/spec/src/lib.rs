//! The app spec: YAML to [`AppSpec`] with every error at its line, and its JSON Schema.
//!
//! [`parse`] goes through a file in six steps, each in a module of its own:
//!
//! 1. `load`: YAML events to a tree in which every key and value knows its line (`tree`), within limits;
//! 2. `header`: which format, which version, which kind;
//! 3. `read`: the tree to the plain structs of `raw`, the one place that lists the keys and their types;
//! 4. the field rules that stand at those structs (garde), each reported where the field is;
//! 5. `convert`: names through the types of the domain, templates filled in;
//! 6. `order`, `clash` and `claims`: environments that wait for each other, resources that are named twice, and too many.
//!
//! All steps collect [`Finding`]s and go on, so that one run shows all that is wrong. Only a file that cannot be read as
//! a spec at all (syntax, limits, another format or version) stops at its first finding.
//!
//! **Refuses:** I/O, clocks, evaluation of anything. A template knows `{app}`, `{env}` and `{service}`; `${…}`, `$(…)` and
//! `{{…}}` are plain text that then breaks the rule of the name it should have been.

mod claims;
mod clash;
mod convert;
mod duration;
mod finding;
mod header;
mod load;
mod model;
mod order;
mod parse;
mod raw;
mod read;
mod render;
mod rules;
mod schema;
mod suggest;
mod template;
mod tree;
mod walk;

pub use claims::Claim;
pub use finding::{Finding, Severity, SpecErrors, Strictness};
pub use model::{
    AppSpec, Approvals, ArtifactBucket, ContainerApp, Environment, HeaderRule, Kind, Resources, ServiceSpec, SiteApp,
};
pub use parse::{Parsed, parse};
pub use render::{Colour, render, render_with};
pub use schema::{SCHEMA_ID, json_schema};
