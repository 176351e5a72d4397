//! Exports from servers that page in their own way.

use bytes::Bytes;
use crm_projects::{ProjectExport, ProjectQuery, ProjectsClient, TokenPair, Verdict};
use crm_transport::{BoxFuture, Transport, TransportError};
use http::{Request, Response};

/// Projects 1 to `projects`, at most `most` a page whatever is asked for.
struct Server {
    projects: usize,
    most: usize,
    ignores_offset: bool,
    descending: bool,
}

impl Transport for Server {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let query = request.uri().query().unwrap_or_default();
            let number = |name: &str| {
                let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                value.map(|value| value.parse::<usize>().unwrap())
            };
            let count = number("count").unwrap().min(self.most);
            let offset = if self.ignores_offset { 0 } else { number("offset").unwrap() };
            let mut ids: Vec<usize> = (1..=self.projects).collect();
            if self.descending {
                ids.reverse();
            }
            let page: Vec<_> =
                ids.into_iter().skip(offset).take(count).map(|id| serde_json::json!({ "id": id })).collect();
            Ok(Response::new(serde_json::json!({ "payload": page }).to_string().into()))
        })
    }
}

const SERVER: Server = Server { projects: 1_000, most: usize::MAX, ignores_offset: false, descending: false };

async fn export(server: Server) -> ProjectExport {
    let client = ProjectsClient::builder("https://host").credentials(TokenPair::new("token", "secret"));
    client.transport(server).build().unwrap().export(ProjectQuery::new()).start().await.unwrap()
}

async fn read(export: &mut ProjectExport) -> (Vec<u64>, Option<String>) {
    let mut ids = Vec::new();
    while let Some(project) = export.next().await {
        match project {
            Ok(project) => ids.push(project.id.0),
            Err(error) => return (ids, Some(error.to_string())),
        }
    }
    (ids, None)
}

#[tokio::test]
async fn a_server_that_gives_fewer_than_it_was_asked_for_is_read_to_the_end() {
    for (projects, most) in [(1_000, 100), (1_000, 30), (1_000, 1), (37, 100), (37, 37), (0, 5)] {
        let mut export = export(Server { projects, most, ..SERVER }).await;
        let (ids, error) = read(&mut export).await;
        assert_eq!((ids, error), ((1..=projects as u64).collect(), None));
        assert!(export.finish().await.is_complete());
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_told_unless_its_page_had_room_for_more() {
    let mut whole = export(Server { projects: 60, ignores_offset: true, ..SERVER }).await;
    assert_eq!(read(&mut whole).await, ((1..=60).collect(), None));
    assert!(whole.finish().await.is_complete());

    let mut cut = export(Server { ignores_offset: true, ..SERVER }).await;
    let (ids, error) = read(&mut cut).await;
    assert_eq!(ids, (1..=100).collect::<Vec<u64>>());
    assert!(error.unwrap().contains("ignores the offset"));
    assert!(matches!(cut.finish().await, Verdict::Truncated { .. }));
}

#[tokio::test]
async fn a_server_that_does_not_sort_is_told() {
    let mut export = export(Server { descending: true, ..SERVER }).await;
    let (_, error) = read(&mut export).await;
    assert!(error.unwrap().contains("does not sort by id"));
    assert!(matches!(export.finish().await, Verdict::Truncated { .. }));
}
