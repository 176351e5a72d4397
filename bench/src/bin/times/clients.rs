//! What a process holds that serves many accounts.

use crm_bench::clients;
use crm_history::EntryId;

use crate::peak;

/// Makes a call by each of so many clients, and prints the peak of this process in KiB and its open files. Each client
/// has its own connections, as for another server. They are kept for a moment after the call.
pub(crate) fn run(url: &str, accounts: usize) {
    clients::runtime().block_on(async {
        let clients: Vec<_> = (0..accounts).map(|_| clients::history(url, 2)).collect();
        let calls = clients.iter().map(|client| client.entry(EntryId(1)));
        for answer in futures_util::future::join_all(calls).await {
            drop(answer.unwrap());
        }
        let files = std::fs::read_dir("/proc/self/fd").unwrap().count();
        println!("{} {files}", peak());
    });
}
