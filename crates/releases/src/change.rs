//! The changes that people and CI ask for: applying a spec, announcing a build, wanting it somewhere.
