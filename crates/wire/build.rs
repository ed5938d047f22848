//! Turns `schemas/farehouse/v1/*.proto` into Rust with a compiler written in Rust, so no `protoc` is needed.

use std::error::Error;

const ROOT: &str = "../../schemas";
const FILES: [&str; 3] = [
    "../../schemas/farehouse/v1/tap.proto",
    "../../schemas/farehouse/v1/record.proto",
    "../../schemas/farehouse/v1/told.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, [ROOT])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
