//! Cities as files: their published worked examples.

mod changetown;
