//! The Singer protocol: what a copy holds, for Meltano and other pipelines.
//!
//! ```no_run
//! # async fn run() -> Result<(), crm_mirror::Error> {
//! use crm_mirror::Mirror;
//! use crm_mirror::singer::{State, Tap};
//!
//! let mirror = Mirror::open("sqlite:crm.db").await?;
//! let tap = Tap::new(&mirror);
//! let catalog = tap.discover().await?;
//! tap.run(&catalog, State::default(), std::io::stdout()).await?;
//! # Ok(()) }
//! ```
//!
//! A stream is a [`Table`]. Its record has the key, the typed columns, `raw` (the whole record as JSON text),
//! `out_of_view_at` and `_sdc_deleted_at`. Decimal numbers and JSON are texts, so that no target makes floats of money.
//! Times of records are texts, because they are local times of an account whose zone the copy does not know.
//!
//! - **`LOG_BASED`** (the default): every row first, then what the change log holds. A deleted record comes with
//!   `_sdc_deleted_at`. Where the log no longer reaches back to the state, the columns have changed, or the state is that of
//!   another copy, every row comes again.
//! - **`FULL_TABLE`**: every row each time, with a version. `ACTIVATE_VERSION` comes after the records of all streams, and
//!   only if the last run that read this table has read it to its end, and no run is active or has begun meanwhile. So a
//!   target never removes rows for which a run was not certain.
//!
//! A `STATE` covers only records that were written before it. What [`Mirror::forget`] removes is not passed on: remove it
//! from the warehouse, too.

mod catalog;
mod record;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use crm_transport::Error;
use serde::Serialize;
use serde_json::Value;

pub use catalog::{Catalog, Metadata, Stream};
pub use state::{Bookmark, State};

use self::record::Shaped;
use crate::changes::ChangeFilter;
use crate::mirror::Mirror;
use crate::report::Run;
use crate::row::Key;
use crate::store::{COPY, PRUNED, own_columns};
use crate::table::{Shape, Table};
use crate::time::seconds;

/// Writes a copy as messages of the Singer protocol.
#[derive(Clone, Debug)]
pub struct Tap {
    mirror: Mirror,
}

/// What a [`Tap`] has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TapReport {
    /// The number of records of each stream.
    pub records: BTreeMap<Table, u64>,
    /// Streams whose every row was written again, because the change log no longer reached back to the state, the columns
    /// have changed, or the state was that of another copy. Rows that were deleted between may still be in the target.
    pub sent_again: Vec<Table>,
    /// Streams of the method `FULL_TABLE` whose version was not activated, because the last run that read the table did
    /// not read it to its end, or a run is active or was killed.
    pub not_activated: Vec<Table>,
}

/// A message of the protocol.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum Message<'a> {
    Schema {
        stream: &'a str,
        schema: &'a Value,
        key_properties: &'a [String],
        bookmark_properties: [&'a str; 0],
    },
    Record {
        stream: &'a str,
        record: &'a serde_json::Map<String, Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<i64>,
        time_extracted: &'a str,
    },
    State {
        value: &'a State,
    },
    ActivateVersion {
        stream: &'a str,
        version: i64,
    },
}

/// Writes messages, each on a line.
struct Output<W> {
    writer: W,
    /// When the command began.
    time_extracted: String,
}

impl<W: Write> Output<W> {
    fn write(&mut self, message: &Message<'_>) -> Result<(), Error> {
        let mut line = serde_json::to_vec(message).map_err(|e| output_fault(e.into()))?;
        line.push(b'\n');
        self.writer.write_all(&line).map_err(output_fault)
    }

    /// Writes the state. Everything before it has reached the reader then.
    fn state(&mut self, state: &State) -> Result<(), Error> {
        self.write(&Message::State { value: state })?;
        self.writer.flush().map_err(output_fault)
    }

    fn record(&mut self, shaped: &Shaped, record: &serde_json::Map<String, Value>) -> Result<(), Error> {
        let time_extracted = std::mem::take(&mut self.time_extracted);
        let written = self.write(&Message::Record {
            stream: &shaped.stream,
            record,
            version: shaped.version,
            time_extracted: &time_extracted,
        });
        self.time_extracted = time_extracted;
        written
    }
}

impl Tap {
    /// Creates a tap over this copy.
    #[must_use]
    pub fn new(mirror: &Mirror) -> Self {
        Self { mirror: mirror.clone() }
    }

    /// Returns all streams with their columns, each of them selected.
    ///
    /// # Errors
    /// The store fails.
    pub async fn discover(&self) -> Result<Catalog, Error> {
        let own = own_columns(&self.mirror.store().settings().await?);
        Ok(Catalog { streams: Table::ALL.map(|table| Stream::new(&Shape::new(table, &own))).to_vec() })
    }

    /// Writes the selected streams of a catalog, from a state on.
    ///
    /// # Errors
    /// The catalog selects a stream that does not exist, the store fails, or the output cannot be written. The cause of
    /// the last one is an [`io::Error`].
    pub async fn run(
        &self,
        catalog: &Catalog,
        state: State,
        output: impl Write + Send,
    ) -> Result<TapReport, Error> {
        let settings = self.mirror.store().settings().await?;
        let own = own_columns(&settings);
        let pruned = settings.get(PRUNED).and_then(|seq| seq.parse().ok()).unwrap_or(0);
        let now = self.mirror.now();
        let mut output = Output { writer: output, time_extracted: record::utc(seconds(now)) };
        let copy = settings.get(COPY).cloned();
        let is_of_this_copy = state.copy == copy && copy.is_some();
        let state = State { copy, ..state };
        let mut session = Session { tap: self, state, is_of_this_copy, pruned, report: TapReport::default() };
        let before = self.complete_tables().await?;
        let mut versions = Vec::new();
        for stream in catalog.streams.iter().filter(|stream| stream.is_selected()) {
            let table: Table = stream.tap_stream_id.parse().map_err(|_| {
                let fault = format!("selects the stream {:?}, which does not exist", stream.tap_stream_id);
                Error::invalid_request(TAP, "catalog", fault).hint("run --discover again")
            })?;
            let mut shaped = Shaped::new(stream, Shape::new(table, &own));
            output.write(&Message::Schema {
                stream: &shaped.stream,
                schema: &shaped.schema,
                key_properties: &stream.key_properties,
                bookmark_properties: [],
            })?;
            session.state.currently_syncing = Some(stream.tap_stream_id.clone());
            if stream.is_full_table() {
                let version = session.next_version(stream, now);
                shaped.version = Some(version);
                session.full_table(&shaped, &mut output).await?;
                versions.push((shaped, version));
            } else {
                session.log_based(&shaped, &mut output).await?;
            }
        }
        session.state.currently_syncing = None;
        output.state(&session.state)?;
        // If no run has begun meanwhile, the rows that were read are those of complete runs.
        let after = if versions.is_empty() { None } else { self.complete_tables().await? };
        let complete = after.filter(|after| before.as_ref() == Some(after)).unwrap_or_default().tables;
        for (shaped, version) in versions {
            if complete.contains(&shaped.table()) {
                output.write(&Message::ActivateVersion { stream: &shaped.stream, version })?;
                let bookmark = Bookmark { version: Some(version), ..Bookmark::default() };
                session.state.bookmarks.insert(shaped.table().to_string(), bookmark);
            } else {
                session.report.not_activated.push(shaped.table());
            }
        }
        output.state(&session.state)?;
        Ok(session.report)
    }

    /// Returns which tables are complete. `None` while the latest run has no end.
    async fn complete_tables(&self) -> Result<Option<Complete>, Error> {
        let runs = self.mirror.status(LOOKED_AT).await?;
        let Some(latest) = runs.first().filter(|run| run.verdict.is_some()) else { return Ok(None) };
        let mut is_complete = BTreeMap::new();
        for run in &runs {
            for (table, complete) in complete_tables(run) {
                is_complete.entry(table).or_insert(complete);
            }
        }
        let tables = is_complete.into_iter().filter(|(_, is_complete)| *is_complete).map(|(table, _)| table);
        Ok(Some(Complete { run: latest.id, tables: tables.collect() }))
    }
}

/// The tables that the last run which read them has read to their end, and the latest run.
#[derive(Default, PartialEq, Eq)]
struct Complete {
    run: i64,
    tables: BTreeSet<Table>,
}

/// Returns the tables that a run has begun to read, and whether it has read each of them to its end.
///
/// A run without an end is not known to have read any. It deletes only what is certain, as every run, so the tables are as
/// complete as before it.
fn complete_tables(run: &Run) -> Vec<(Table, bool)> {
    let figures = run.figures.as_deref().and_then(|figures| serde_json::from_str(figures).ok());
    let figures: BTreeMap<String, BTreeMap<String, u64>> = figures.unwrap_or_default();
    let is_complete = |(table, figures): (String, BTreeMap<String, u64>)| {
        Some((table.parse().ok()?, figures.get("complete") == Some(&1)))
    };
    figures.into_iter().filter_map(is_complete).collect()
}

/// What streams share.
struct Session<'a> {
    tap: &'a Tap,
    state: State,
    /// Whether its positions are those of this copy's change log.
    is_of_this_copy: bool,
    /// The highest entry of the change log that was removed because of its age.
    pruned: i64,
    report: TapReport,
}

impl Session<'_> {
    fn bookmark(&self, table: Table) -> Bookmark {
        self.state.bookmarks.get(table.as_str()).cloned().unwrap_or_default()
    }

    fn count(&mut self, table: Table) {
        *self.report.records.entry(table).or_default() += 1;
    }

    /// Returns a version that is higher than the last one.
    fn next_version(&self, stream: &Stream, now: std::time::SystemTime) -> i64 {
        let last = self.state.bookmarks.get(&stream.tap_stream_id).and_then(|bookmark| bookmark.version);
        (seconds(now) * 1000).max(last.unwrap_or(0) + 1)
    }

    async fn full_table<W: Write>(&mut self, shaped: &Shaped, output: &mut Output<W>) -> Result<(), Error> {
        let table = shaped.table();
        let mut after = BEFORE_ALL;
        loop {
            let rows = self.tap.mirror.records(table, after, TOGETHER).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.key;
            for row in rows.iter().filter(|row| row.deleted_at.is_none()) {
                output.record(shaped, &shaped.of_row(row))?;
                self.count(table);
            }
        }
    }

    async fn log_based<W: Write>(&mut self, shaped: &Shaped, output: &mut Output<W>) -> Result<(), Error> {
        let table = shaped.table();
        let known = self.bookmark(table);
        let newest = self.tap.mirror.store().newest_change().await?.max(self.pruned);
        let is_usable = self.is_of_this_copy && known.schema.as_deref() == Some(shaped.fingerprint.as_str());
        let mut bookmark = match known.seq {
            Some(seq) if is_usable && seq >= self.pruned && seq <= newest => known,
            seq => {
                if seq.is_some() {
                    self.report.sent_again.push(table);
                }
                let after = Some([BEFORE_ALL.project_id, BEFORE_ALL.id, BEFORE_ALL.occurrence]);
                let schema = Some(shaped.fingerprint.clone());
                Bookmark { seq: Some(newest), after, schema, version: None }
            }
        };
        // What changes while the rows are read is in the log after `seq`.
        while let Some([project_id, id, occurrence]) = bookmark.after {
            let after = Key { project_id, id, occurrence };
            let rows = self.tap.mirror.records(table, after, TOGETHER).await?;
            for row in &rows {
                output.record(shaped, &shaped.of_row(row))?;
                self.count(table);
            }
            bookmark.after = rows.last().map(|row| [row.key.project_id, row.key.id, row.key.occurrence]);
            self.save(table, &bookmark, output)?;
        }
        let mut filter = ChangeFilter::new().table(table).after(bookmark.seq.unwrap_or(0)).limit(TOGETHER);
        loop {
            let changes = self.tap.mirror.changes(&filter).await?;
            let Some(last) = changes.last() else { break };
            filter = filter.after(last.seq);
            bookmark.seq = Some(last.seq);
            for change in &changes {
                output.record(shaped, &shaped.of_change(change))?;
                self.count(table);
            }
            self.save(table, &bookmark, output)?;
        }
        // Every change of this table up to there was read.
        bookmark.seq = bookmark.seq.max(Some(newest));
        self.save(table, &bookmark, output)
    }

    fn save<W: Write>(
        &mut self,
        table: Table,
        bookmark: &Bookmark,
        output: &mut Output<W>,
    ) -> Result<(), Error> {
        self.state.bookmarks.insert(table.to_string(), bookmark.clone());
        output.state(&self.state)
    }
}

fn output_fault(cause: io::Error) -> Error {
    Error::storage(TAP, "output", Path::new("-"), "cannot be written", Some(cause))
}

/// Less than every key.
const BEFORE_ALL: Key = Key { project_id: -1, id: -1, occurrence: -1 };
/// Among so many runs the last one that read a table is looked for.
const LOOKED_AT: u32 = 1000;
/// So many rows or changes are read at once.
const TOGETHER: u32 = 1000;
const TAP: &str = "mirror.tap";
