//! Pages from bytes to types.

use crm_bench::pages;
use crm_bench::row;

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
        || pages::two_fields(&projects),
        || pages::two_fields_by_value(&projects),
    );
    print(
        "decode 1,000 projects into a type of one's own / strict structs",
        rounds,
        || pages::own_projects(&projects),
        || pages::strict_projects(&projects),
    );
}

fn print<A, B>(name: &str, rounds: usize, ours: impl FnMut() -> A, theirs: impl FnMut() -> B) {
    let times = side_by_side(rounds, ours, theirs);
    row::print(name, times.ours * 1e6, times.theirs * 1e6, "µs", times.ratio);
}
