//! The client without async does the same.

use crm_directory::blocking::{ApiKey, ClientQuery, ContactQuery, DirectoryClient};
use crm_directory::transport::Client as _;
use crm_sandbox::{APIKEY, BOSS, Sandbox};

use crate::support::{Standstill, World};

#[test]
fn calls_lookups_and_exports_work_without_async() {
    let world = World::over(
        Sandbox::builder().clients(450).contacts(250).in_process(Standstill),
        Box::new(|_, _, _| {}),
    );
    let directory = DirectoryClient::over(world.directory.pipeline().clone());
    assert_eq!(directory.users().unwrap().len(), 2);
    assert_eq!(directory.find_by_phone("+7 (342) 206-72-01").unwrap().len(), 1);
    assert_eq!(
        directory
            .clone()
            .with_cache(crm_directory::CachePolicy::off())
            .find_by_email("a@b.ru")
            .unwrap()
            .len(),
        0
    );
    let mut export = directory.export_clients(ClientQuery::new());
    assert_eq!(export.by_ref().map(Result::unwrap).count(), 452);
    let verdict = export.finish();
    assert!(verdict.is_complete(), "{verdict}");
    let mut export = directory.export_contacts(ContactQuery::new()).start().unwrap();
    assert_eq!(export.by_ref().map(Result::unwrap).count(), 252);
    assert!(export.finish().is_complete());
    assert_eq!(directory.stream_contacts(ContactQuery::new()).count(), 252);
    let other = directory.with_credentials(ApiKey::new(APIKEY, BOSS)).unwrap();
    assert!(other.prepare(&crm_directory::operations::UserList).is_ok());
}
