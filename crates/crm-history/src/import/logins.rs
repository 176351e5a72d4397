//! Asks the CRM whether it knows a login.

use std::collections::HashMap;

use crm_model::history::ErrorCode;
use crm_transport::{Error, ErrorKind};

use crate::HistoryClient;
use crate::collation::folded;

/// Why the CRM gave no answer to a question of the checks.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The CRM refused the key or the login of the client itself. Nothing that it says about others counts.
    KeyRefused(Error),
    /// The CRM could not be asked, or a gateway responded in its place. Ask again later.
    NotNow(Error),
}

impl Obstacle {
    /// The obstacle after a call with the client's own key and login.
    pub(super) fn from_own_call(error: Error) -> Self {
        if is_own_refusal(&error) { Self::KeyRefused(error) } else { Self::NotNow(error) }
    }

    /// Returns the error of the call.
    pub(super) fn error(&self) -> &Error {
        let (Self::KeyRefused(error) | Self::NotNow(error)) = self;
        error
    }
}

/// The logins of an import. The server is asked once for each.
pub(super) struct Logins {
    client: HistoryClient,
    /// Whether the key and the login of the client itself were accepted.
    own_key_works: bool,
    /// By the login as the database compares it. Holds only what the CRM itself said.
    known: HashMap<String, bool>,
}

impl Logins {
    pub(super) fn new(client: HistoryClient) -> Self {
        Self { client, own_key_works: false, known: HashMap::new() }
    }

    /// Returns whether the CRM knows this login: it refuses a call in the name of an unknown one (observed).
    ///
    /// A wrong key is refused with the same words (observed). So the client's own key is asked first, and again after each
    /// login that was refused, because somebody may have revoked it meanwhile.
    pub(super) async fn is_known(&mut self, login: &str) -> Result<bool, Obstacle> {
        let compared = folded(login);
        if let Some(&known) = self.known.get(&compared) {
            return Ok(known);
        }
        if !self.own_key_works {
            self.ask_with_own_key().await?;
            self.own_key_works = true;
        }
        let known = self.ask(login).await?;
        self.known.insert(compared, known);
        Ok(known)
    }

    async fn ask(&self, login: &str) -> Result<bool, Obstacle> {
        // No header can carry the spaces at its end, and the database ignores them.
        let Ok(client) = self.client.with_login(login.trim_end_matches(' ')) else {
            return Ok(false); // no header can carry it, and no user of the CRM has it
        };
        match client.fields().await {
            Ok(_) => Ok(true),
            Err(error) if is_unknown_login(&error) => {
                self.ask_with_own_key().await?;
                Ok(false)
            }
            Err(error) => Err(Obstacle::NotNow(error)),
        }
    }

    async fn ask_with_own_key(&self) -> Result<(), Obstacle> {
        self.client.fields().await.map(drop).map_err(Obstacle::from_own_call)
    }
}

/// Returns `true` if the CRM itself refused the key or the login. Its errors have a status of success (observed), so a
/// status of failure comes from a proxy or a gateway.
fn is_own_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::Api
        && error.is_auth()
        && error.http_status().is_some_and(|status| status < 300)
}

/// Returns `true` if these are the words of the CRM for an unknown login: 401 «Неизвестный пользователь».
fn is_unknown_login(error: &Error) -> bool {
    is_own_refusal(error)
        && error.api_code().and_then(ErrorCode::from_number) == Some(ErrorCode::Unauthorized)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use crm_transport::{BoxFuture, RetryPolicy, Transport, TransportError};
    use http::{Request, Response};

    use super::*;
    use crate::ApiKey;

    const FIELDS: &str = r#"{"data":{"cid":"ID"}}"#;
    const UNKNOWN: &str = r#"{"result":"Error","error":{"code":401,"text":"Неизвестный пользователь"}}"#;

    /// The login that calls, and the status and the body of the answer. Status 0 is a lost connection.
    type Call = (&'static str, u16, &'static str);

    /// Expects these calls in this order.
    #[derive(Clone)]
    struct Script(Arc<Mutex<Vec<Call>>>);

    impl Transport for Script {
        fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
            Box::pin(async move {
                let (login, status, body) = self.0.lock().unwrap().remove(0);
                assert_eq!(request.headers()["login"], login);
                if status == 0 {
                    return Err(TransportError::closed("closed by the test"));
                }
                Ok(Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap())
            })
        }
    }

    fn logins(answers: &[Call]) -> (Logins, Script) {
        let script = Script(Arc::new(Mutex::new(answers.to_vec())));
        let client = HistoryClient::builder("https://host").credentials(ApiKey::new("key", "boss"));
        let client = client.transport(script.clone()).retry(RetryPolicy::none()).build().unwrap();
        (Logins::new(client), script)
    }

    #[tokio::test]
    async fn a_login_is_asked_once_whatever_its_case_and_the_spaces_at_its_end() {
        let (mut logins, script) = logins(&[
            ("boss", 200, FIELDS),
            ("seller", 200, FIELDS),
            ("nobody", 200, UNKNOWN),
            ("boss", 200, FIELDS),
        ]);
        let known = ["seller ", "SELLER"];
        let unknown = ["nobody", "Nobody  ", " seller", "o'hara"]; // the last two cannot be sent
        for login in known.into_iter().chain(unknown) {
            assert_eq!(logins.is_known(login).await.unwrap(), known.contains(&login), "{login:?}");
        }
        assert_eq!(script.0.lock().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_wrong_key_is_no_answer_about_a_login() {
        let (mut logins, _) = logins(&[("boss", 200, UNKNOWN)]);
        let Err(Obstacle::KeyRefused(error)) = logins.is_known("seller").await else { panic!() };
        assert_eq!(error.api_code(), Some(401));
    }

    #[tokio::test]
    async fn a_key_that_is_revoked_between_two_logins_is_no_answer_about_the_second() {
        let (mut logins, _) = logins(&[
            ("boss", 200, FIELDS),
            ("seller", 200, FIELDS),
            ("other", 200, UNKNOWN),
            ("boss", 200, UNKNOWN),
        ]);
        assert!(logins.is_known("seller").await.unwrap());
        assert!(matches!(logins.is_known("other").await, Err(Obstacle::KeyRefused(_))));
    }

    #[tokio::test]
    async fn what_is_not_the_word_of_the_crm_is_asked_again_and_never_remembered() {
        for (status, body) in [
            (407, ""),
            (401, "<html><title>Authorization required</title></html>"),
            (401, UNKNOWN),
            (403, "<html></html>"),
            (503, "<html><title>503 Backend fetch failed</title></html>"),
            (200, r#"{"result":"Error","error":{"code":500,"text":"Неизвестный пользователь"}}"#),
            (200, r#"{"result":"Error","error":{"code":403,"text":"Нет доступа"}}"#),
            (200, r#"{"result":"Error","error":{"code":402,"text":"Неизвестный пользователь"}}"#),
            (200, "Ошибка подключения к БД: Connection refused."),
            (200, ""),
            (0, ""),
        ] {
            let (mut logins, script) = logins(&[
                ("boss", status, if status == 200 { "" } else { body }),
                ("boss", 200, FIELDS),
                ("seller", status, body),
                ("seller", 200, FIELDS),
            ]);
            for _ in 0..2 {
                assert!(
                    matches!(logins.is_known("seller").await, Err(Obstacle::NotNow(_))),
                    "{status} {body}"
                );
            }
            assert!(logins.is_known("seller").await.unwrap(), "{status} {body}");
            assert_eq!(script.0.lock().unwrap().len(), 0);
        }
    }
}
