//! Makes modules of the samples in the READMEs and in the guide's chapters, except those of `../stores`.

mod extract;

use std::path::Path;

use extract::{STORES, Samples};

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=extract.rs");
    let mut samples = Samples::default();
    samples.add_guide(Path::new(".."), |chapter| !STORES.contains(&chapter))?;
    for readme in ["README.md", "README.ru.md"] {
        samples.add_page(readme, &Path::new("../../..").join(readme))?;
    }
    samples.write()
}
