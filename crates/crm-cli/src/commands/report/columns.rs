//! A chart of columns, as SVG between labels in HTML: the columns stretch to any width, and the labels stay readable.

use std::fmt::Write as _;

use super::page::escape;

/// The size of the drawing. It is stretched to the width of the page.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 240.0;
/// The space between two columns, as a part of their width.
const GAP: f64 = 0.18;
/// How many labels the axis below has at most.
const LABELS: usize = 5;

/// The columns of a chart. Each has one value for each series.
pub(super) struct Columns<'a> {
    /// What the chart shows, for people who hear it.
    pub(super) alternative: &'a str,
    /// The names of the columns.
    pub(super) labels: Vec<String>,
    /// The values, column after column.
    pub(super) values: Vec<Vec<f64>>,
    /// Whether the series are side by side instead of upon one another.
    pub(super) is_grouped: bool,
}

impl Columns<'_> {
    /// Writes the chart with its axes. `figure` writes a value at the axis.
    pub(super) fn html(&self, figure: impl Fn(f64) -> String) -> String {
        let top = nice(self.highest());
        let mut html = String::from("<div class=\"plot\"><div class=\"y\" aria-hidden=\"true\">");
        for part in [1.0, 0.5, 0.0] {
            _ = write!(html, "<span>{}</span>", escape(&figure(top * part)));
        }
        _ = write!(
            html,
            "</div><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
            escape(self.alternative)
        );
        for part in [0.0, 0.5, 1.0] {
            let y = HEIGHT * part;
            _ = write!(html, "<line class=\"grid\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\"/>");
        }
        for (at, values) in self.values.iter().enumerate() {
            self.column(&mut html, at, values, top);
        }
        html += "</svg><div class=\"x\" aria-hidden=\"true\">";
        self.x_labels(&mut html);
        html + "</div></div>"
    }

    fn highest(&self) -> f64 {
        let height = |values: &Vec<f64>| {
            if self.is_grouped { values.iter().copied().fold(0.0, f64::max) } else { values.iter().sum() }
        };
        self.values.iter().map(height).fold(0.0, f64::max)
    }

    fn column(&self, html: &mut String, at: usize, values: &[f64], top: f64) {
        let width = WIDTH / self.values.len() as f64;
        let inner = width * (1.0 - GAP);
        let left = at as f64 * width + width * GAP / 2.0;
        let mut below = 0.0;
        for (series, value) in values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            let height = value / top * HEIGHT;
            let (x, bar, y) = if self.is_grouped {
                let bar = inner / values.len() as f64;
                (left + series as f64 * bar, bar, HEIGHT - height)
            } else {
                below += height;
                (left, inner, HEIGHT - below)
            };
            _ = write!(
                html,
                "<rect class=\"s{series}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{bar:.2}\" height=\"{height:.2}\"/>"
            );
        }
    }

    fn x_labels(&self, html: &mut String) {
        let count = self.labels.len();
        let step = count.div_ceil(LABELS).max(1);
        for (at, label) in self.labels.iter().enumerate().step_by(step) {
            let middle = (at as f64 + 0.5) / count as f64 * 100.0;
            _ = write!(html, "<span style=\"left:{middle:.2}%\">{}</span>", escape(label));
        }
    }
}

/// Returns the next round number: 1, 2 or 5 with zeros, at least 2 so that its half is whole.
fn nice(value: f64) -> f64 {
    let value = value.max(2.0);
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|top| *top >= value)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number_above_the_highest_column() {
        for (value, top) in
            [(0.0, 2.0), (3.0, 4.0), (10.0, 10.0), (11.0, 20.0), (45.0, 60.0), (999.0, 1000.0)]
        {
            assert!((nice(value) - top).abs() < 1e-9, "{value}: {}", nice(value));
        }
    }

    #[test]
    fn series_are_upon_one_another_or_side_by_side() {
        let columns = |is_grouped| Columns {
            alternative: "a<b",
            labels: vec!["1".into()],
            values: vec![vec![1.0, 0.0, 3.0]],
            is_grouped,
        };
        let stacked = columns(false).html(|value| value.to_string());
        assert!(
            stacked.contains("a&lt;b")
                && stacked.contains("class=\"s0\"")
                && !stacked.contains("class=\"s1\"")
        );
        assert!(stacked.contains("y=\"180.00\"") && stacked.contains("y=\"0.00\""), "{stacked}");
        let grouped = columns(true).html(|value| value.to_string());
        assert!(grouped.contains("y=\"60.00\""), "{grouped}");
    }
}
