//! The faults that have a name in JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Value, json};

use super::change::{Moment, PageChange};
use super::fault::{Fault, RetryAfter, Store};

/// A name, alone or with values. The names are those of the constructors of [`Fault`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "snake_case", deny_unknown_fields)]
enum Preset {
    Latency {
        millis: u64,
        #[serde(default)]
        jitter_millis: u64,
    },
    ConnectionRefused {},
    CloseBeforeReading {},
    KeepAliveClosed {},
    CloseAfterCommit {},
    CommitHalf {},
    CutBody {
        after: Option<usize>,
    },
    NoAnswer {},
    InterimAnswers {
        #[serde(default = "processing")]
        status: u16,
    },
    EndlessBody {},
    GzipBomb {
        mib: u32,
    },
    WrongContentLength {
        by: i64,
    },
    SlowDrip {
        bytes: usize,
        millis: u64,
    },
    GatewayPage {
        #[serde(default = "bad_gateway")]
        status: u16,
        #[serde(default)]
        after_commit: bool,
    },
    RetryLater {
        status: u16,
        after: RetryAfter,
    },
    #[serde(rename = "varnish_503")]
    Varnish {
        retry_after: Option<u64>,
    },
    FirewallPage {
        #[serde(default = "forbidden")]
        status: u16,
    },
    BareStatus {
        status: u16,
    },
    CloudflarePage {
        #[serde(default = "unknown_error")]
        status: u16,
    },
    GatewayJson {
        #[serde(default = "bad_gateway")]
        status: u16,
        #[serde(default = "timed_out")]
        message: String,
    },
    TooManyRequests {
        retry_after: Option<RetryAfter>,
    },
    #[serde(rename = "nginx_503")]
    Nginx {
        retry_after: Option<RetryAfter>,
    },
    Redirect {
        to: String,
        #[serde(default = "found")]
        status: u16,
    },
    GetBodyDropped {},
    ErrorInOk {
        code: i32,
        text: String,
    },
    DatabaseDown {},
    TooManyConnections {},
    WriteLock {},
    PhpWarning {
        #[serde(default)]
        before: bool,
        #[serde(default)]
        after: bool,
    },
    ByteOrderMark {},
    ParametersIgnored {
        names: Vec<String>,
    },
    SuccessWithoutStoring {},
    ChangedRecord {
        #[serde(default)]
        set: BTreeMap<String, Value>,
        #[serde(default)]
        append: BTreeMap<String, String>,
    },
    ItemsRefused {
        #[serde(default)]
        holding: String,
        code: i32,
        text: String,
    },
    ItemsFailed {
        #[serde(default)]
        holding: String,
        code: i32,
        text: String,
    },
    WithoutIds {
        #[serde(default)]
        absent: bool,
    },
    IdsAsText {},
    IdsGoingDown {
        from: u64,
    },
    EqualRecords {
        #[serde(default = "one")]
        count: usize,
        #[serde(default)]
        at: Moment,
    },
    ChangeBetweenPages(PageChange),
    SmallPages {
        records: usize,
    },
    ShortPages {
        records: usize,
        #[serde(default)]
        random: bool,
    },
    RepeatedPage {},
    DoubledRecords {},
    EmptyPage {},
    NullPage {},
    AnotherRecord {
        id: u64,
    },
    JunkList {
        items: usize,
        #[serde(default = "zero")]
        item: String,
        #[serde(default)]
        gzip: bool,
    },
}

/// Reads a fault from its name, or from `{"name": {values}}`.
pub(super) fn fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fault>, D::Error> {
    let named = match Value::deserialize(deserializer)? {
        Value::String(name) => json!({name: {}}),
        other => other,
    };
    serde_json::from_value(named).map(|preset: Preset| Some(preset.into())).map_err(D::Error::custom)
}

impl From<Preset> for Fault {
    fn from(preset: Preset) -> Fault {
        match preset {
            Preset::Latency { millis, jitter_millis } => {
                Fault::latency(Duration::from_millis(millis)).jitter(Duration::from_millis(jitter_millis))
            }
            Preset::ConnectionRefused {} => Fault::connection_refused(),
            Preset::CloseBeforeReading {} => Fault::close_before_reading(),
            Preset::KeepAliveClosed {} => Fault::keep_alive_closed(),
            Preset::CloseAfterCommit {} => Fault::close_after_commit(),
            Preset::CommitHalf {} => Fault::commit_half(),
            Preset::CutBody { after } => Fault::cut_body(after),
            Preset::NoAnswer {} => Fault::no_answer(),
            Preset::InterimAnswers { status } => Fault::interim_answers(status),
            Preset::EndlessBody {} => Fault::endless_body(),
            Preset::GzipBomb { mib } => Fault::gzip_bomb(mib),
            Preset::WrongContentLength { by } => Fault::wrong_content_length(by),
            Preset::SlowDrip { bytes, millis } => Fault::slow_drip(bytes, Duration::from_millis(millis)),
            Preset::GatewayPage { status, after_commit } => {
                let store = if after_commit { Store::Now } else { Store::Not };
                Fault::gateway_page(status).store(store)
            }
            Preset::RetryLater { status, after } => Fault::retry_later(status, after),
            Preset::Varnish { retry_after } => Fault::varnish_503(retry_after),
            Preset::FirewallPage { status } => Fault::firewall_page(status),
            Preset::BareStatus { status } => Fault::bare_status(status),
            Preset::CloudflarePage { status } => Fault::cloudflare_page(status),
            Preset::GatewayJson { status, message } => Fault::gateway_json(status, &message),
            Preset::TooManyRequests { retry_after } => Fault::too_many_requests(retry_after),
            Preset::Nginx { retry_after } => Fault::nginx_503(retry_after),
            Preset::Redirect { to, status } => Fault::redirect(status, &to),
            Preset::GetBodyDropped {} => Fault::get_body_dropped(),
            Preset::ErrorInOk { code, text } => Fault::error_in_ok(code, &text),
            Preset::DatabaseDown {} => Fault::database_down(),
            Preset::TooManyConnections {} => Fault::too_many_connections(),
            Preset::WriteLock {} => Fault::write_lock(),
            Preset::PhpWarning { before, after } => Fault::php_warning(before, after),
            Preset::ByteOrderMark {} => Fault::byte_order_mark(),
            Preset::ParametersIgnored { names } => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Fault::parameters_ignored(&names)
            }
            Preset::SuccessWithoutStoring {} => Fault::success_without_storing(),
            Preset::ChangedRecord { set, append } => Fault::changed_record(set, append),
            Preset::ItemsRefused { holding, code, text } => Fault::items_refused(&holding, code, &text),
            Preset::ItemsFailed { holding, code, text } => Fault::items_failed(&holding, code, &text),
            Preset::WithoutIds { absent } => Fault::without_ids(absent),
            Preset::IdsAsText {} => Fault::ids_as_text(),
            Preset::IdsGoingDown { from } => Fault::ids_going_down(from),
            Preset::EqualRecords { count, at } => Fault::equal_records(count, at),
            Preset::ChangeBetweenPages(change) => Fault::change_between_pages(change),
            Preset::SmallPages { records } => Fault::small_pages(records),
            Preset::ShortPages { records, random } => Fault::short_pages(records, random),
            Preset::RepeatedPage {} => Fault::repeated_page(),
            Preset::DoubledRecords {} => Fault::doubled_records(),
            Preset::EmptyPage {} => Fault::empty_page(),
            Preset::NullPage {} => Fault::null_page(),
            Preset::AnotherRecord { id } => Fault::another_record(id),
            Preset::JunkList { items, item, gzip } => Fault::junk_list(items, &item, gzip),
        }
    }
}

fn processing() -> u16 {
    102
}

fn bad_gateway() -> u16 {
    502
}

fn forbidden() -> u16 {
    403
}

fn unknown_error() -> u16 {
    520
}

fn found() -> u16 {
    302
}

fn timed_out() -> String {
    "upstream timed out".to_owned()
}

fn zero() -> String {
    "0".to_owned()
}

fn one() -> usize {
    1
}
