//! The daemon: serve, reconcile --once, dev, bootstrap; configuration and wiring.
fn main() {}
