//! `crm sandbox`.

use std::io::{BufRead, BufReader};

use crate::program::Folder;

#[cfg(unix)]
#[test]
fn it_says_where_it_listens_serves_and_ends_with_a_signal() {
    let folder = Folder::new("sandbox");
    let mut server = folder.crm(&["sandbox", "--listen", "127.0.0.1:0", "--records", "3"]).spawn();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    let flags = ["export", "history", "--out", "all.jsonl", "--history-url", url];
    let ran =
        folder.crm(&flags).env("CRM_APIKEY", crm_sandbox::APIKEY).env("CRM_LOGIN", crm_sandbox::BOSS).run();
    ran.ended(0, "complete: 3 records");
    crate::program::signal(&server, "TERM");
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn an_address_that_others_can_reach_needs_a_flag() {
    let folder = Folder::new("sandbox-address");
    folder.crm(&["sandbox", "--listen", "0.0.0.0:0"]).run().ended(64, "--allow-other-machines");
}
