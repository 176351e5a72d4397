//! The client over a transport of one's own: no HTTP client is compiled for it.

use bytes::Bytes;
use crm_projects::operations::List;
use crm_projects::transport::{BoxFuture, Transport, TransportError};
use crm_projects::{ProjectQuery, ProjectsClient, TokenPair};
use http::{Request, Response};

/// Answers with what it was asked, as a project.
struct Echo;

impl Transport for Echo {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let token = request.headers()["x-crypto-token"].to_str().unwrap().to_owned();
            let body =
                serde_json::json!({"payload": [{"id": 1, "uri": request.uri().to_string(), "token": token}]});
            Ok(Response::new(body.to_string().into()))
        })
    }
}

#[tokio::test]
async fn a_call_goes_through_a_transport_of_ones_own_and_is_read_as_a_type_of_ones_own() {
    #[derive(serde::Deserialize)]
    struct Seen {
        uri: String,
        token: String,
    }
    let builder = ProjectsClient::builder("https://host/").credentials(TokenPair::new("token", "secret"));
    let client = builder.transport(Echo).build().unwrap();
    let query = ProjectQuery::new().count(1).deleted(true);
    let page = client.run(&List::<Seen>::new(query.clone())).await.unwrap();
    assert_eq!(page.items[0].uri, "https://host/backend/public/projects?count=1&deleted=1");
    assert_eq!(page.items[0].token, "token");
    let other = client.with_credentials(TokenPair::new("other", "secret")).unwrap();
    assert_eq!(other.run(&List::<Seen>::new(query.clone())).await.unwrap().items[0].token, "other");
}
