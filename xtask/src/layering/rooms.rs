//! The order of the rooms inside crm-transport: a room uses only those before it in [`ROOMS`].

use std::fs;
use std::path::Path;

/// From the bottom to the top. Some are single files.
const ROOMS: [&str; 11] = [
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

/// The imports that run upwards, or past the rooms through the root of the crate.
pub(super) fn violations() -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    collect(&Path::new(crate::cargo::ROOT).join(SOURCE), None, &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, room: Option<&str>, found: &mut Vec<String>) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let room = room.unwrap_or(&name);
        if path.is_dir() {
            collect(&path, Some(room), found)?;
        } else if room != "lib" {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            found.extend(upward(room, &text).into_iter().map(|line| format!("{}:{line}", path.display())));
        }
    }
    Ok(())
}

/// The lines of a file that use something above their room, each with its number and the reason.
fn upward(room: &str, text: &str) -> Vec<String> {
    let height = |name: &str| ROOMS.iter().position(|room| *room == name);
    let Some(own) = height(room) else {
        return vec![format!("1: {room} is not in the order of the rooms, xtask/src/layering/rooms.rs")];
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
        Some(_) => Some(format!("{number}: {room} uses {used}, which stands above it")),
        None => Some(format!("{number}: name the room in place of crate::{used}")),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_may_use_itself_and_those_below_it_and_names_them() {
        let text = "use crate::error::Error;\nuse crate::policy::Pace;\n/// [`crate::Pipeline`]\n";
        assert_eq!(upward("policy", text), Vec::<String>::new());
    }

    #[test]
    fn an_import_that_runs_upwards_or_past_the_rooms_is_named_with_its_line() {
        let text = "use bytes::Bytes;\nuse crate::call::Pipeline;\nuse crate::{Error, Pace};\n";
        let expected = ["2: error uses call, which stands above it", "3: name the room in place of crate::"];
        assert_eq!(upward("error", text), expected);
    }
}
