use crm_transport::{ClientBuilder, Credentials, Pace, RetryPolicy};

use crate::doubles::{Calls, Server, client_with, ok};

fn fault(set: impl FnOnce(ClientBuilder<Calls>) -> ClientBuilder<Calls>) -> String {
    let builder = ClientBuilder::new("https://crm.example.test").credentials(Credentials::new());
    set(builder.transport(Server::new([]))).build().unwrap_err().to_string()
}

#[tokio::test]
async fn a_setting_that_lets_no_call_through_is_refused_by_its_name() {
    let faults = [
        fault(|b| b.retry(RetryPolicy::new().max_attempts(0))),
        fault(|b| b.pace(Pace::new().in_flight(0))),
        fault(|b| b.pace(Pace::new().per_second(0.0))),
        fault(|b| b.pace(Pace::new().per_second(-1.0))),
        fault(|b| b.pace(Pace::new().per_second(f64::NAN))),
    ];
    for (fault, name) in
        faults.iter().zip(["max_attempts", "in_flight", "per_second", "per_second", "per_second"])
    {
        assert!(fault.contains(name), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_slowest_and_the_fastest_pace_are_taken() {
    for rate in [1e-300, 1e-19, 1e300] {
        let pace = Pace::new().per_second(rate).in_flight(usize::MAX);
        client_with(&Server::new([ok()]), |b| b.pace(pace)).read().await.unwrap();
    }
}
