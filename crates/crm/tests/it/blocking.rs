//! The clients without async, over HTTP.

use std::fmt::Debug;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use crate::common::{every, transport};
use crm::blocking::Export;
use crm::blocking::history::{
    ApiKey, ClientId, EntryId, EntryQuery, HistoryClient, LossPolicy, NewEntry, Pace,
};
use crm::blocking::projects::{
    ActionId, ActionQuery, PaymentQuery, ProjectFilter, ProjectId, ProjectQuery, ProjectsClient, StepQuery,
    TokenPair,
};
use crm::http::{Request, Response};
use crm::{BoxFuture, Bytes, Error, ReqwestTransport, RetryPolicy, Transport, TransportError};
use crm_sandbox::{Builder, Sandbox};

/// A runtime for everything that has no blocking form.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn start(sandbox: Builder) -> Sandbox {
    wait(sandbox.start()).unwrap()
}

fn history_over(sandbox: &Sandbox, transport: impl Transport) -> HistoryClient {
    HistoryClient::builder(sandbox.url())
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .transport(transport)
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

fn history(sandbox: &Sandbox) -> HistoryClient {
    history_over(sandbox, transport())
}

fn projects(sandbox: &Sandbox) -> ProjectsClient {
    ProjectsClient::builder(sandbox.url())
        .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
        .transport(transport())
        .build()
        .unwrap()
}

/// Without dates a server lists only the current day.
fn everything() -> EntryQuery {
    let day = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    EntryQuery::new().between(day(1970), day(2100))
}

fn file(name: &str) -> PathBuf {
    let path =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("blocking-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// [`every::call`] without async.
fn call(id: &str, h: &HistoryClient, p: &ProjectsClient) -> Result<String, Error> {
    fn shown<T: Debug>(value: T) -> String {
        format!("{value:?}")
    }
    let (entry, project) = (NewEntry::new("x"), ProjectId(1));
    match id {
        "history.fields" => h.fields().map(shown),
        "history.tips" => h.activity_types().map(shown),
        "history.list" => h.list(&EntryQuery::new()).map(shown),
        "history.info" => h.entry(EntryId(1)).map(shown),
        "history.add" => h.add(&entry).map(shown),
        "history.add_list" => h.add_list(&[entry]).map(shown),
        "history.delete" => h.delete(EntryId(1)).map(shown),
        "projects.list" => p.list(&ProjectQuery::new()).map(shown),
        "projects.filter" => p.filter(&ProjectFilter::new()).map(shown),
        "projects.info" => p.project(project).map(shown),
        "projects.steps" => p.steps(project, &StepQuery::new()).map(shown),
        "projects.actions" => p.actions(project, &ActionQuery::new()).map(shown),
        "projects.action_info" => p.action(ActionId(1)).map(shown),
        "projects.checklists" => p.checklists(project).map(shown),
        "projects.goods" => p.goods(project).map(shown),
        "projects.payments" => p.payments(project, &PaymentQuery::new()).map(shown),
        other => panic!("no call for {other}"),
    }
}

#[test]
fn every_call_returns_what_the_async_call_returns() {
    let told = |error: Error| (error.kind(), error.api_code(), error.delivery());
    for id in every::IDS {
        let mut given = Vec::new();
        // Each has its own sandbox, so that one does not find the writes of the other.
        for blocking in [true, false] {
            let sandbox = start(Sandbox::builder().records(3));
            given.push(if blocking {
                call(id, &history(&sandbox), &projects(&sandbox)).map_err(told)
            } else {
                let h = crm::history::HistoryClient::builder(sandbox.url())
                    .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
                    .transport(transport());
                let p = crm::projects::ProjectsClient::builder(sandbox.url())
                    .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
                    .transport(transport());
                wait(every::call(id, &h.build().unwrap(), &p.build().unwrap())).map_err(told)
            });
            let requests = sandbox.requests();
            assert_eq!(requests.iter().filter_map(|request| request.operation).count(), 1, "{id}");
        }
        assert_eq!(given[0], given[1], "{id}");
    }
}

#[test]
fn a_list_returns_each_record_of_all_pages() {
    let sandbox = start(Sandbox::builder().records(450).projects(120));
    let ids: Vec<u64> = history(&sandbox).entries(everything()).map(|entry| entry.unwrap().id.0).collect();
    assert_eq!(ids, (1..=450).collect::<Vec<u64>>());
    let client = projects(&sandbox);
    let active: Vec<u64> =
        sandbox.projects().iter().filter(|project| !project.deleted).map(|project| project.id).collect();
    for all in [client.projects(ProjectQuery::new().count(30)), client.filtered(ProjectFilter::new())] {
        assert_eq!(all.map(|project| project.unwrap().id.0).collect::<Vec<u64>>(), active);
    }
    let mut export = client.export(ProjectQuery::new()).start().unwrap();
    assert_eq!(export.by_ref().map(|project| project.unwrap().id.0).collect::<Vec<u64>>(), active);
    assert!(export.finish().is_complete());
}

#[test]
fn an_export_resumes_from_its_checkpoint() {
    let sandbox = start(Sandbox::builder().records(9_000));
    let client = history(&sandbox);
    let checkpoint = file("checkpoint");
    let pages = Arc::new(AtomicUsize::new(0));
    let written = Arc::new(Mutex::new(Vec::new()));
    let mut runs = 0;
    loop {
        runs += 1;
        let (told, length) = (Arc::clone(&pages), Arc::clone(&written));
        let mut export = client
            .export(EntryQuery::new())
            .concurrency(1)
            .checkpoint(&checkpoint)
            .before_checkpoint(move |_| Ok(length.lock().unwrap().len() as u64))
            .on_progress(move |progress| told.store(progress.figures.pages as usize, Ordering::Relaxed))
            .start()
            .unwrap();
        let mark = export.resumed_at();
        assert_eq!(mark.is_some(), runs > 1);
        written.lock().unwrap().truncate(mark.unwrap_or(0) as usize);
        // Each run stops after 4,000 records.
        for entry in export.by_ref().take(4_000) {
            written.lock().unwrap().push(entry.unwrap().id.0);
        }
        let figures = *export.figures();
        let verdict = export.finish();
        assert_eq!(figures, *verdict.figures());
        if verdict.is_complete() {
            break;
        }
        assert!(runs < 10, "{verdict}");
    }
    assert!(runs > 2, "it was done in {runs} runs");
    assert_eq!(*written.lock().unwrap(), (1..=9_000).collect::<Vec<u64>>());
    assert!(pages.load(Ordering::Relaxed) > 45);
    assert!(!checkpoint.exists());
}

fn entries(count: u64) -> Vec<NewEntry> {
    (1..=count).map(|i| NewEntry::new(format!("Call {i}")).client(ClientId(1))).collect()
}

#[test]
fn an_import_stores_each_activity_once_and_returns_its_outcome() {
    let sandbox = start(Sandbox::builder());
    let client = history(&sandbox);
    let journal = file("journal");
    let told = Arc::new(AtomicUsize::new(0));
    let tell = Arc::clone(&told);
    let outcomes = client
        .import(entries(250))
        .chunk(60)
        .chunk_bytes(1 << 20)
        .concurrency(2)
        .journal(&journal)
        .loss_policy(LossPolicy::Reject)
        .check_users()
        .settle(std::time::Duration::ZERO)
        .on_progress(move |progress| tell.store(progress.done as usize, Ordering::Relaxed))
        .outcomes();
    for (index, imported) in outcomes.enumerate() {
        let imported = imported.unwrap();
        assert_eq!(imported.index, index as u64);
        let record = sandbox.record(imported.outcome.id().unwrap().0).unwrap();
        assert_eq!(record.content, Some(imported.entry.content));
    }
    assert_eq!(told.load(Ordering::Relaxed), 250);
    assert_eq!(sandbox.record_count(), 250);
    // The journal knows them all.
    let report = client.import(entries(250)).chunk(60).journal(&journal).run().unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(sandbox.record_count(), 250);
    let _ = std::fs::remove_file(journal);
}

#[test]
fn a_cancelled_import_takes_no_further_activity() {
    let sandbox = start(Sandbox::builder());
    let asked = AtomicUsize::new(0);
    let cancelled = move || asked.fetch_add(1, Ordering::Relaxed) == 100;
    let import = history(&sandbox).import(entries(1_000)).chunk(50).concurrency(1).cancel(cancelled);
    let report = import.run().unwrap();
    // It is also asked while the import waits, so fewer may have been taken.
    assert!((1..=100).contains(&report.totals.done), "{report}");
    assert_eq!(sandbox.record_count() as u64, report.totals.created);
}

#[test]
fn an_import_can_be_fed_by_the_list_of_another_blocking_client() {
    let sandbox = start(Sandbox::builder().projects(120));
    let all = projects(&sandbox).projects(ProjectQuery::new().count(10));
    let calls =
        all.map(|project| NewEntry::new(format!("Project {}", project.unwrap().id)).client(ClientId(1)));
    let report = history(&sandbox).import(calls).chunk(7).run().unwrap();
    assert!(report.is_complete(), "{report}");
    let active = sandbox.projects().iter().filter(|project| !project.deleted).count();
    assert_eq!(sandbox.record_count(), active);
}

/// Makes a call that panics. Returns the message, and the files in which this thread panicked meanwhile.
fn panic_of<T>(call: impl FnOnce() -> T) -> (String, Vec<String>) {
    let here = thread::current().id();
    let files = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&files);
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == here {
            seen.lock().unwrap().push(panic.location().unwrap().file().to_owned());
        } else {
            eprintln!("{panic}"); // of another test
        }
    }));
    let panic = catch_unwind(AssertUnwindSafe(call)).err().unwrap();
    let _ = std::panic::take_hook();
    let files = files.lock().unwrap().clone();
    (
        panic
            .downcast_ref::<String>()
            .cloned()
            .or(panic.downcast_ref().map(|text: &&str| text.to_string()))
            .unwrap(),
        files,
    )
}

#[test]
fn a_call_inside_async_code_panics_once_where_it_is_made_and_nothing_is_sent() {
    let sandbox = start(Sandbox::builder().records(3));
    let client = history(&sandbox);
    let calls = {
        let client = client.clone();
        move |mut export: Export<_>| {
            let mut all = client.entries(everything());
            let mut outcomes = client.import(entries(1)).outcomes();
            for (message, files) in [
                panic_of(|| client.add(&NewEntry::new("x").client(ClientId(1)))),
                panic_of(|| client.import(entries(1)).run()),
                panic_of(|| all.next()),
                panic_of(|| client.export(EntryQuery::new()).start()),
                panic_of(|| export.next()),
                panic_of(|| outcomes.next()),
            ] {
                assert!(
                    message.starts_with("Cannot block the current thread from within a runtime"),
                    "{message}"
                );
                assert_eq!(files, [file!()]);
            }
            (all, export, outcomes)
        }
    };
    let again = calls.clone();
    let started = || client.export(EntryQuery::new()).start().unwrap();
    let (first, second) = (started(), started());
    let (all, export, outcomes) = wait(async { calls(first) });
    wait(async { drop(tokio::spawn(async move { again(second) }).await.unwrap()) });
    assert!(sandbox.requests().is_empty());
    // None of them was lost.
    assert_eq!(all.filter(Result::is_ok).count(), 3);
    assert_eq!(export.filter(Result::is_ok).count(), 3);
    assert_eq!(outcomes.filter(Result::is_ok).count(), 1);
}

#[test]
fn a_call_in_spawn_blocking_or_with_an_entered_runtime_waits() {
    let sandbox = start(Sandbox::builder().records(3));
    let client = history(&sandbox);
    let other = client.clone();
    let page = wait(tokio::task::LocalSet::new().run_until(async move {
        tokio::task::spawn_blocking(move || other.list(&everything())).await.unwrap()
    }));
    assert_eq!(page.unwrap().len(), 3);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _entered = runtime.enter();
    assert_eq!(client.list(&everything()).unwrap().len(), 3);
}

#[test]
fn clients_and_iterators_may_be_built_and_dropped_inside_async_code() {
    let sandbox = start(Sandbox::builder().records(9_000));
    wait(async { drop((history(&sandbox), projects(&sandbox))) });
    let client = history(&sandbox);
    let mut all = client.entries(everything());
    let mut export = client.export(EntryQuery::new()).start().unwrap();
    assert!(all.next().unwrap().is_ok() && export.next().unwrap().is_ok());
    let mut outcomes = client.import(entries(300)).outcomes();
    assert!(outcomes.next().unwrap().is_ok());
    wait(async move { drop((client, all, export, outcomes)) });
}

#[test]
fn many_threads_share_a_client() {
    let sandbox = start(Sandbox::builder());
    let client = history(&sandbox);
    thread::scope(|scope| {
        for worker in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for i in 0..10 {
                    let id = client.add(&NewEntry::new(format!("{worker} {i}")).client(ClientId(1))).unwrap();
                    assert_eq!(client.entry(id).unwrap().content, Some(format!("{worker} {i}")));
                }
            });
        }
    });
    assert_eq!(sandbox.record_count(), 80);
    let stats = client.stats();
    assert_eq!((stats.succeeded, stats.in_flight, stats.waiting), (160, 0, 0));
}

/// Never answers calls for far pages. Reports each such call, and when it is cancelled.
struct Stuck {
    inner: ReqwestTransport,
    told: mpsc::Sender<&'static str>,
}

struct GivenUp(mpsc::Sender<&'static str>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        let _ = self.0.send("given up");
    }
}

impl Transport for Stuck {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            if body["offset"].as_u64().is_none_or(|page| page == 0) {
                return self.inner.send(request).await;
            }
            let _given_up = GivenUp(self.told.clone());
            let _ = self.told.send("stuck");
            pending().await
        })
    }
}

#[test]
fn dropping_an_iterator_half_way_cancels_its_calls() {
    let sandbox = start(Sandbox::builder().records(20_000));
    let (told, hear) = mpsc::channel();
    let client = history_over(&sandbox, Stuck { inner: transport(), told });
    let mut export = client.export(EntryQuery::new()).concurrency(2).start().unwrap();
    // The first records have arrived, and the calls for the next ones go on while nobody waits.
    assert_eq!(export.next().unwrap().unwrap().id, EntryId(1));
    assert_eq!(hear.recv().unwrap(), "stuck");
    assert!(client.stats().in_flight > 0);
    drop(export);
    assert_eq!(hear.recv().unwrap(), "given up");
    assert_eq!(client.list(&everything()).unwrap().len(), 200);
}

#[test]
fn a_panic_in_a_callback_reaches_the_caller_and_the_client_stays_usable() {
    let sandbox = start(Sandbox::builder().records(3));
    let client = history(&sandbox);
    let mut export =
        client.export(EntryQuery::new()).on_progress(|_| panic!("of the callback")).start().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| export.next())).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"of the callback"));
    let import = client.import(entries(3)).on_progress(|_| panic!("of the import"));
    assert!(catch_unwind(AssertUnwindSafe(|| import.run())).is_err());
    // The last activities wait for the others. Whether they left before the panic depends on the threads.
    let stored = client.list(&everything()).unwrap().len();
    assert!((4..=6).contains(&stored), "{stored}");
}

#[test]
fn callbacks_run_on_the_callers_thread() {
    let sandbox = start(Sandbox::builder().records(3));
    let here = thread::current().id();
    let client = history(&sandbox);
    let mut export = client
        .export(EntryQuery::new())
        .on_progress(move |_| assert_eq!(thread::current().id(), here))
        .start()
        .unwrap();
    assert_eq!(export.by_ref().filter(Result::is_ok).count(), 3);
    let calls = entries(3).into_iter().inspect(move |_| assert_eq!(thread::current().id(), here));
    assert!(client.import(calls).run().unwrap().is_complete());
}

#[test]
fn a_client_for_another_account_uses_the_same_thread() {
    /// Records the runtime of each call.
    struct Noting(Arc<Mutex<Vec<tokio::runtime::Id>>>);

    impl Transport for Noting {
        fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
            Box::pin(async move {
                self.0.lock().unwrap().push(tokio::runtime::Handle::current().id());
                Err(TransportError::connect("noted"))
            })
        }
    }

    let sandbox = start(Sandbox::builder());
    let noted = Arc::new(Mutex::new(Vec::new()));
    let history = history_over(&sandbox, Noting(Arc::clone(&noted)));
    let other = history.with_credentials(ApiKey::new("key", "login")).unwrap();
    assert!(history.fields().is_err() && other.fields().is_err() && history.clone().fields().is_err());
    let projects = ProjectsClient::builder(sandbox.url())
        .credentials(TokenPair::new("token", "secret"))
        .transport(Noting(Arc::clone(&noted)))
        .retry(RetryPolicy::none())
        .pace(Pace::new())
        .build()
        .unwrap();
    let other = projects.with_credentials(TokenPair::new("other", "secret")).unwrap();
    assert!(projects.goods(ProjectId(1)).is_err() && other.goods(ProjectId(1)).is_err());
    let noted = noted.lock().unwrap();
    assert!(noted[..3].iter().all(|id| *id == noted[0]) && noted[3] == noted[4] && noted[0] != noted[3]);
}
