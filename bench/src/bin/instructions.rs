//! `instructions NAME TIMES`: does a work so many times. Valgrind counts: what two times take more than one is the work
//! once, without the start of the process.

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, times] = &arguments[..] else {
        println!("instructions NAME TIMES; names: {}", crm_bench::counted::WORKS.join(", "));
        return;
    };
    let mut work = crm_bench::counted::work(name);
    for _ in 0..times.parse::<u32>().unwrap_or(0) {
        work();
    }
}
