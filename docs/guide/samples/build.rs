//! Makes modules of the samples in the chapters, but for those of `../stores`.

mod extract;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=extract.rs");
    extract::extract("..".as_ref(), |chapter| !extract::STORES.contains(&chapter))
}
