//! The command line: talks to the API and to nothing else.
fn main() {}
