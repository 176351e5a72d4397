//! The projects themselves.

use std::collections::BTreeSet;

use crm_projects::{ProjectQuery, ProjectsClient};

use super::merge::{Details, Merge};
use super::missing::Rule;
use super::{Run, Step};
use crate::records::Copied;
use crate::row::Key;
use crate::table::Table;
use crm_history::engine::mutations::breaks;

impl Run<'_> {
    /// Copies the projects. The list cannot be asked for changes only, so all of it is read.
    pub(super) async fn projects(&mut self, projects: &ProjectsClient) -> Step {
        const TABLE: Table = Table::Projects;
        self.begin_table(TABLE);
        self.is_full(TABLE);
        let query = ProjectQuery::new().deleted(false);
        let export = projects.export(query).concurrency(self.sync.concurrency).start().await?;
        if Merge::new(Details::none()).take(self, export).await?.is_none() {
            return Ok(());
        }
        let count = self.store.count_missing(TABLE, self.id).await?;
        self.check_share(TABLE, count).await?;
        if count > 0 {
            self.delete_listed(projects).await?;
        }
        self.settle_missing(TABLE, &Rule::TwoLists).await?;
        self.complete(TABLE, true, Vec::new()).await
    }

    /// Deletes the missing projects that the server lists as deleted.
    async fn delete_listed(&mut self, projects: &ProjectsClient) -> Step {
        let mut missing = BTreeSet::new();
        let mut after = Key { project_id: -1, ..Key::default() };
        loop {
            let marks = self.store.missing(Table::Projects, after, TOGETHER).await?;
            let Some(last) = marks.last() else { break };
            after = last.key;
            missing.extend(marks.iter().filter(|mark| mark.run == self.id).map(|mark| mark.key));
        }
        let query = ProjectQuery::new().deleted(true);
        let mut export = projects.export(query).concurrency(self.sync.concurrency).start().await?;
        let mut deleted = Vec::new();
        while let Some(record) = export.next().await {
            let Ok(record) = record else { continue };
            // A server that ignores `deleted` would list it among the active ones, too. Those are not missing.
            deleted.extend(record.key().filter(|key| missing.remove(key)));
        }
        self.take_verdict(&export.finish().await)?;
        if breaks("a-project-is-deleted-when-it-is-listed-so") {
            deleted.extend(missing);
        }
        let removal = self.deleted();
        let mut batch = self.batch(Table::Projects);
        batch.removals = deleted.into_iter().map(|key| (key, removal)).collect();
        self.commit(vec![batch]).await
    }
}

const TOGETHER: i64 = 500;
