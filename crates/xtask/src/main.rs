//! `cargo xtask`: the command line of the crate's library.

fn main() -> std::process::ExitCode {
    xtask::run()
}
