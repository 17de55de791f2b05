//! From the records of a target to the one value a plan is made from.
