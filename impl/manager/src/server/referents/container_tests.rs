//! What the objects do: method by method, beside Python's own, and with several callers at once.

mod bench;
mod callers;
mod datum;
mod differential;
mod methods;
mod oracle;
mod proxies;
mod quotas;
mod updates;
