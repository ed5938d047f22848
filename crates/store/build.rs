//! Cargo does not see a new file beside an embedded migration by itself.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
