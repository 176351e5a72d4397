//! What is left of a secret in the memory of a process. It takes a process of its own, and Linux to look into it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crm::history::{ApiKey, HistoryClient};
use crm::projects::{ProjectsClient, TokenPair};

use crate::types::transport_with_secrets;

/// A secret that stands nowhere in this program: its bytes are kept turned over.
struct Turned(Vec<u8>);

const TURN: u8 = 0x15;

impl Turned {
    fn new(seed: usize) -> Self {
        let letter = |i: usize| b'a' + u8::try_from((i * i * seed + i / 7 + seed) % 26).unwrap();
        Self((0..3_000).map(|i| letter(i) ^ TURN).collect())
    }

    /// With room to spare, as a text has that was read or put together.
    fn text(&self) -> String {
        let mut text = String::with_capacity(2 * self.0.len());
        text.extend(self.0.iter().map(|byte| char::from(byte ^ TURN)));
        text
    }

    /// How often its end stands in memory; the beginning of what is freed is overwritten anyway.
    fn found(&self) -> usize {
        let end = &self.0[self.0.len() - 64..];
        let mut memory = File::open("/proc/self/mem").unwrap();
        let mut buffer = vec![0; 1 << 16];
        let own = buffer.as_ptr() as usize..buffer.as_ptr() as usize + buffer.len();
        let mut found = 0;
        for line in std::fs::read_to_string("/proc/self/maps").unwrap().lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            let (from, to) = range.split_once('-').unwrap();
            let [mut at, to] = [from, to].map(|text| usize::from_str_radix(text, 16).unwrap());
            while rights.starts_with("rw") && at + end.len() <= to {
                let wanted = buffer.len().min(to - at);
                memory.seek(SeekFrom::Start(at as u64)).unwrap();
                let Ok(read) = memory.read(&mut buffer[..wanted]) else { break };
                for (i, window) in buffer[..read].windows(end.len()).enumerate() {
                    let same = window.iter().zip(end).all(|(byte, turned)| byte ^ TURN == *turned);
                    found += usize::from(same && !own.contains(&(at + i)));
                }
                // The next piece begins within this one, so that nothing falls between them.
                at += read.saturating_sub(end.len() - 1).max(1);
            }
        }
        found
    }
}

/// Runs in a process of its own, for other tests would leave their secrets in memory. Does nothing when it is not asked
/// to by the test below.
#[test]
fn the_child() {
    if std::env::var_os("MEMORY_CHILD").is_none() {
        return;
    }
    let secrets = [3, 5, 11, 17].map(Turned::new);
    let [key, login, token, secret] = secrets.each_ref().map(Turned::text);
    let (key, pair) = (ApiKey::new(key, login), TokenPair::new(token, secret));
    let builder = HistoryClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let history = builder.credentials(key.clone()).build().unwrap();
    let history_too = history.with_credentials(key).unwrap();
    let builder = ProjectsClient::builder("https://crm.example.test").transport(transport_with_secrets());
    let projects = builder.credentials(pair).build().unwrap();
    for secret in &secrets {
        assert!(secret.found() >= 1, "the search finds nothing, not even what is in use");
    }
    drop((history, history_too, projects));
    for (secret, name) in secrets.iter().zip(["key", "login", "token", "secret"]) {
        assert_eq!(secret.found(), 0, "copies of the {name} are left in memory");
    }
}

#[test]
fn nothing_of_a_secret_is_left_in_memory_when_its_client_is_gone() {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "memory::the_child"]).env("MEMORY_CHILD", "1");
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
