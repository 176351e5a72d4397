//! The order of the layers inside crm-transport: a layer uses only those before it in [`LAYERS`].

use std::fs;
use std::path::Path;

/// From the bottom to the top. Some are single files.
const LAYERS: [&str; 11] = [
    "operation_info",
    "non_personal_data",
    "async_mode",
    "error",
    "durable",
    "reading",
    "observe",
    "policy",
    "call",
    "export",
    "blocking",
];

const SOURCE: &str = "crates/crm-transport/src";

/// The imports that run upwards, or past the layers through the root of the crate.
pub(super) fn violations() -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    collect(&Path::new(crate::cargo::ROOT).join(SOURCE), None, &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, layer: Option<&str>, found: &mut Vec<String>) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let layer = layer.unwrap_or(&name);
        if path.is_dir() {
            collect(&path, Some(layer), found)?;
        } else if layer != "lib" {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            found.extend(upward(layer, &text).into_iter().map(|line| format!("{}:{line}", path.display())));
        }
    }
    Ok(())
}

/// The lines of a file that use something above their layer, each with its number and the reason.
fn upward(layer: &str, text: &str) -> Vec<String> {
    let height = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let Some(own) = height(layer) else {
        return vec![format!("1: {layer} is not in the order of the layers, xtask/src/layering/layers.rs")];
    };
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let uses = code.flat_map(|(number, line)| {
        line.match_indices("crate::").filter(|(at, _)| !line[..*at].ends_with('$')).map(move |(at, word)| {
            let rest = &line[at + word.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (number + 1, &rest[..end])
        })
    });
    uses.filter_map(|(number, used)| match height(used) {
        Some(other) if other <= own => None,
        Some(_) => Some(format!("{number}: {layer} uses {used}, which is above it")),
        None => Some(format!("{number}: name the layer instead of crate::{used}")),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_may_use_itself_and_those_below_it_and_names_them() {
        let text = "use crate::error::Error;\nuse crate::policy::Pace;\n/// [`crate::Pipeline`]\n";
        assert_eq!(upward("policy", text), Vec::<String>::new());
    }

    #[test]
    fn an_import_that_runs_upwards_or_past_the_layers_is_named_with_its_line() {
        let text = "use bytes::Bytes;\nuse crate::call::Pipeline;\nuse crate::{Error, Pace};\n";
        let expected = ["2: error uses call, which is above it", "3: name the layer instead of crate::"];
        assert_eq!(upward("error", text), expected);
    }
}
