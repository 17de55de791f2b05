//! The loop: pass, queue, backoff, heal budget, lease, status.
