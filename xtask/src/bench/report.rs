//! The table in `docs/performance.md`.

use super::compiler;
use super::table::{self, Row};
use crate::cargo::ROOT;

const FILE: &str = "docs/performance.md";
const BEGIN: &str = "<!-- table: `cargo xtask bench --write` writes this part -->\n";
const END: &str = "<!-- end of table -->";

/// Puts the rows between the marks.
pub(super) fn write(rows: &[Row]) -> Result<(), String> {
    let path = format!("{ROOT}/{FILE}");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{FILE} cannot be read: {e}"))?;
    let block = format!("Measured on {}.\n\n{}", machine(), table::markdown(rows));
    let text = with_block(&text, &block)
        .ok_or_else(|| format!("{FILE} has no place for the table: {BEGIN}{END}"))?;
    std::fs::write(&path, text).map_err(|e| format!("{FILE} cannot be written: {e}"))
}

/// What it was measured on.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let first = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let value =
            text.lines().find_map(|line| Some(line.strip_prefix(key)?.split_once(':')?.1.trim().to_owned()));
        value.unwrap_or_else(|| "unknown".to_owned())
    };
    let kib: f64 = first("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    format!(
        "{cores} cores ({}), {:.0} GiB of memory, rustc {}",
        first("/proc/cpuinfo", "model name"),
        kib / f64::from(1 << 20),
        compiler().unwrap_or_else(|_| "unknown".to_owned()),
    )
}

fn with_block(text: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{block}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = format!("before\n{BEGIN}old\n{END}\nafter\n");
        assert_eq!(with_block(&text, "new\n"), Some(format!("before\n{BEGIN}new\n{END}\nafter\n")));
        assert_eq!(with_block("no marks", "new\n"), None);
    }

    #[test]
    fn the_document_has_a_place_for_the_table() {
        let text = std::fs::read_to_string(format!("{ROOT}/{FILE}")).unwrap();
        assert!(with_block(&text, "").is_some());
    }
}
