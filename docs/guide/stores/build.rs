//! Makes modules of the samples in the chapters about Parquet and SQLite.

#[path = "../samples/extract.rs"]
mod extract;

use extract::{STORES, Samples};

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=../samples/extract.rs");
    let mut samples = Samples::default();
    samples.add_guide("..".as_ref(), |chapter| STORES.contains(&chapter))?;
    samples.write()
}
