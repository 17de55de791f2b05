//! The HTTP API over the records.
