//! Small whole programs, written as a user would write them.
