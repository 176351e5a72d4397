//! Pages from bytes to types.

use bytes::Bytes;
use crm_bench::pages;
use crm_bench::row;
use http::Response;

use crate::side_by_side;

pub(crate) fn run(rounds: usize) {
    let (entries, projects) = (pages::entries(), pages::projects());
    let ours = || pages::read_entries(&entries);
    print("decode 200 entries / strict structs", rounds, ours, || pages::strict_entries(&entries));
    print("decode 200 entries / Value", rounds, ours, || pages::value(&entries));
    let ours = || pages::read_projects(&projects);
    print("decode 1,000 projects / strict structs", rounds, ours, || pages::strict_projects(&projects));
    print("decode 1,000 projects / Value", rounds, ours, || pages::value(&projects));
    print(
        "decode 1,000 projects, two fields of each read / Value",
        rounds,
        || fields(&projects),
        || pages::value(&projects),
    );
}

fn print<A, B>(name: &str, rounds: usize, ours: impl FnMut() -> A, theirs: impl FnMut() -> B) {
    let times = side_by_side(rounds, ours, theirs);
    row::print(name, times.ours * 1e6, times.theirs * 1e6, "µs", times.ratio);
}

/// What a project costs that is not only passed on: it is taken apart when the first field is asked for.
fn fields(response: &Response<Bytes>) -> usize {
    let page = pages::read_projects(response);
    let has_both = |project: &&crm_projects::Project| {
        project.fields.as_str("name").unwrap().is_some()
            && project.fields.as_date("contract_date").unwrap().is_some()
    };
    page.items.iter().filter(has_both).count()
}
