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

/// Runs both sides of a round. Each goes first every other time: whatever comes second may find caches that are warm, or a
/// server that has grown.
pub fn by_turns<A, B>(round: usize, ours: impl FnOnce() -> A, theirs: impl FnOnce() -> B) -> (A, B) {
    if round.is_multiple_of(2) {
        let ours = ours();
        (ours, theirs())
    } else {
        let theirs = theirs();
        (ours(), theirs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_goes_first_every_other_round() {
        let order = std::cell::RefCell::new(Vec::new());
        for round in 0..2 {
            let side = |name| order.borrow_mut().push(name);
            by_turns(round, || side("ours"), || side("theirs"));
        }
        assert_eq!(*order.borrow(), ["ours", "theirs", "theirs", "ours"]);
    }

    #[test]
    fn one_slow_round_does_not_move_the_median() {
        assert_eq!(median(vec![2.0, 900.0, 1.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 900.0]), 3.0);
        assert!(median(Vec::new()).is_nan());
    }
}
