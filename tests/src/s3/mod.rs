//! An S3 in memory, spoken to over a socket: buckets, versions, uploads in parts, copies. It hashes what it is sent, as S3
//! does, answers as late as it is told to, and writes down what happened in which order.
//!
//! The same port answers what the daemon needs beside it: DynamoDB (an embedded one), parameters of SSM, and who is calling.
//!
//! **Refuses:** to be an S3 for anything but tests and measurements. Any access key is good, nobody owns a bucket.

mod body;
mod clock;
mod listing;
mod log;
mod operations;
mod others;
mod parts;
mod server;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use clock::{Stopwatch, now};
#[cfg(test)]
pub(crate) use log::Log;
pub(crate) use log::{Event, Operation, What};
pub(crate) use server::{SECRET, Server};
#[cfg(test)]
pub(crate) use store::Store;
pub(crate) use store::{Conditions, Kind, Object, Piece};
