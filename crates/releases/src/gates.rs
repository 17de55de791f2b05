//! Why a release may not go yet.
