//! The picture.

use std::error::Error;

use chrono::{Datelike, Days, NaiveDate};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::figures::{Activities, Payments, next_month};
use crate::language::Messages;

const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 460;
/// Where the legend begins.
const LEGEND: u32 = 900;

/// Bars over a range of days.
pub(super) struct Chart {
    title: String,
    unit: String,
    days: (NaiveDate, NaiveDate),
    /// Whether the axis names months.
    is_monthly: bool,
    bars: Vec<Bar>,
    /// Shown where there are no bars.
    nothing: String,
    /// The meaning of each colour.
    legend: Vec<(String, RGBColor)>,
}

struct Bar {
    from: NaiveDate,
    to: NaiveDate,
    low: f64,
    high: f64,
    colour: RGBColor,
}

impl Chart {
    /// Activities a day, those of one type upon those of another.
    pub(super) fn activities(
        activities: &Activities,
        days: (NaiveDate, NaiveDate),
        colour_of: impl Fn(&str) -> Option<String>,
        messages: &Messages,
    ) -> Self {
        let (mut bars, mut legend) = (Vec::new(), Vec::new());
        let mut heights = std::collections::BTreeMap::<NaiveDate, f64>::new();
        let mut sum = 0;
        for (at, (name, counts)) in activities.types(messages).into_iter().enumerate() {
            let colour = colour_of(&name).and_then(|colour| rgb(&colour)).unwrap_or_else(|| palette(at));
            for (day, count) in &counts {
                let height = heights.entry(*day).or_default();
                let low = *height;
                *height += *count as f64;
                bars.push(Bar { from: *day, to: *day + Days::new(1), low, high: *height, colour });
            }
            let count: u64 = counts.values().sum();
            legend.push((format!("{name}: {count}"), colour));
            sum += count;
        }
        let values =
            [("count", sum.into()), ("from", days.0.to_string().into()), ("to", days.1.to_string().into())];
        let title = messages.format("report-activities", &values);
        let (unit, nothing) = (messages.text("report-a-day"), messages.text("report-nothing"));
        Self { title, unit, days, is_monthly: false, bars, nothing, legend }
    }

    /// Payments a month, side by side.
    pub(super) fn payments(payments: &Payments, days: (NaiveDate, NaiveDate), messages: &Messages) -> Self {
        let kinds = payments.kinds();
        let (mut bars, mut legend) = (Vec::new(), Vec::new());
        for (at, (name, months)) in kinds.iter().enumerate() {
            let colour = palette(at);
            for (month, amount) in months {
                let length = (next_month(*month) - *month).num_days() as u64;
                // A tenth of the month is left between it and the next one.
                let edge = |at: usize| *month + Days::new(length * 9 * at as u64 / (10 * kinds.len() as u64));
                bars.push(Bar { from: edge(at), to: edge(at + 1), low: 0.0, high: *amount, colour });
            }
            legend.push((format!("{name}: {}", number(months.values().sum())), colour));
        }
        let values = [("from", days.0.to_string().into()), ("to", days.1.to_string().into())];
        let title = messages.format("report-payments", &values);
        // Whole months, for the bars are as wide.
        let days = (days.0.with_day(1).unwrap_or(days.0), next_month(days.1).pred_opt().unwrap_or(days.1));
        let (unit, nothing) = (messages.text("report-a-month"), messages.text("report-nothing"));
        Self { title, unit, days, is_monthly: true, bars, nothing, legend }
    }

    /// The legend with its figures, for the terminal.
    pub(super) fn rows(&self) -> Vec<[&str; 2]> {
        if self.bars.is_empty() {
            return vec![[&self.title, &self.nothing]];
        }
        let figures = self.legend.iter().filter_map(|(text, _)| text.rsplit_once(": "));
        figures.map(|(name, figure)| [name, figure]).collect()
    }

    fn draw<B: DrawingBackend, X>(
        &self,
        area: &DrawingArea<B, Shift>,
        axis: X,
        named: &str,
    ) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
        X: AsRangedCoord<Value = NaiveDate>,
        X::CoordDescType: ValueFormatter<NaiveDate>,
    {
        let (left, right) = area.split_horizontally(LEGEND);
        if self.bars.is_empty() {
            let centred = Pos::new(HPos::Center, VPos::Center);
            let style = ("sans-serif", 20).into_text_style(&left).pos(centred);
            left.titled(&self.title, ("sans-serif", 24))?.draw_text(
                self.nothing.as_str(),
                &style,
                (LEGEND as i32 / 2, HEIGHT as i32 / 2),
            )?;
            return Ok(());
        }
        let top = self.bars.iter().map(|bar| bar.high).fold(1.0, f64::max) * 1.05;
        let bottom = self.bars.iter().map(|bar| bar.high).fold(0.0, f64::min) * 1.05;
        let mut chart = ChartBuilder::on(&left)
            .caption(&self.title, ("sans-serif", 24))
            .margin(14)
            .x_label_area_size(30)
            .y_label_area_size(90)
            .build_cartesian_2d(axis, bottom..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .y_desc(&self.unit)
            .y_label_formatter(&|value| number(*value))
            .x_labels(if self.is_monthly { 13 } else { 8 })
            .x_label_formatter(&|day| day.format(named).to_string())
            .label_style(("sans-serif", 15))
            .draw()?;
        chart.draw_series(
            self.bars
                .iter()
                .map(|bar| Rectangle::new([(bar.from, bar.low), (bar.to, bar.high)], bar.colour.filled())),
        )?;
        for (at, (text, colour)) in self.legend.iter().enumerate() {
            let y = 60 + 24 * at as i32;
            right.draw(&Rectangle::new([(4, y), (18, y + 14)], colour.filled()))?;
            right.draw(&Text::new(text.as_str(), (26, y), ("sans-serif", 16)))?;
        }
        Ok(())
    }
}

/// The charts below one another, as SVG.
pub(super) fn svg(charts: &[Chart]) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let root =
            SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT * charts.len() as u32)).into_drawing_area();
        root.fill(&WHITE)?;
        for (chart, area) in charts.iter().zip(root.split_evenly((charts.len(), 1))) {
            let days = chart.days.0..chart.days.1 + Days::new(1);
            if chart.is_monthly {
                chart.draw(&area, days.monthly(), "%Y-%m")?;
            } else {
                chart.draw(&area, days, "%Y-%m-%d")?;
            }
        }
        root.present()?;
    }
    Ok(svg)
}

/// A number with its thousands apart, and no more digits than it needs.
fn number(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut apart = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            apart.push(' ');
        }
        apart.push(digit);
    }
    let sign = if value < 0.0 { "-" } else { "" };
    if cents == "00" { format!("{sign}{apart}") } else { format!("{sign}{apart}.{cents}") }
}

/// `#rrggbb`.
fn rgb(text: &str) -> Option<RGBColor> {
    let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let bits = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = bits.to_be_bytes();
    Some(RGBColor(red, green, blue))
}

/// Colours that can be told apart, for what has none of its own (Okabe and Ito).
fn palette(at: usize) -> RGBColor {
    const COLOURS: [u32; 8] =
        [0x0072b2, 0xe69f00, 0x009e73, 0xd55e00, 0x56b4e9, 0xcc79a7, 0xf0e442, 0x666666];
    let [_, red, green, blue] = COLOURS[at % COLOURS.len()].to_be_bytes();
    RGBColor(red, green, blue)
}
