//! A figure on its way to `cargo xtask bench`.

/// Prints a row, one line of JSON.
pub fn print(row: &str, ours: f64, theirs: f64, unit: &str, result: f64) {
    println!(
        "{}",
        serde_json::json!({"row": row, "ours": ours, "theirs": theirs, "unit": unit, "result": result})
    );
}

/// The middle one; of an even number the mean of the two in the middle.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match (values.get(half), values.len().is_multiple_of(2)) {
        (Some(upper), true) => values[half - 1].midpoint(*upper),
        (Some(middle), false) => *middle,
        (None, _) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_round_does_not_move_the_median() {
        assert_eq!(median(vec![2.0, 900.0, 1.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 900.0]), 3.0);
        assert!(median(Vec::new()).is_nan());
    }
}
