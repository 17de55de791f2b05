//! Shared set-up for the tests in this package.
