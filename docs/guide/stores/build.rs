//! Makes modules of the samples in the chapters about Parquet and SQLite.

#[path = "../samples/extract.rs"]
mod extract;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=../samples/extract.rs");
    extract::extract("..".as_ref(), |chapter| extract::STORES.contains(&chapter))
}
