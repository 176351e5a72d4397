use super::*;

/// A folder of one test, removed with this.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("crm-checkpoint-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    fn open(&self, counts_records: bool) -> Result<CheckpointFile, Error> {
        CheckpointFile::open(self.path(), "test.export", "all", counts_records, None)
    }

    /// Saves a checkpoint as an export does, and returns its text.
    fn save(&self, up_to: ResumePoint, page_size: Option<u64>) -> String {
        let mut file = self.open(page_size.is_some()).unwrap();
        file.save(up_to, page_size, ExportFigures { records: 130, ..ExportFigures::default() }).unwrap();
        fs::read_to_string(self.path()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn somewhere() -> ResumePoint {
    ResumePoint { id: 130, page: Some(13), end: Some(100) }
}

#[test]
fn a_saved_checkpoint_is_read_as_it_was_saved() {
    let folder = Folder::new("saved");
    for size in [None, Some(50)] {
        folder.save(somewhere(), size);
        let content = folder.open(size.is_some()).unwrap().content;
        assert_eq!((content.up_to, content.size, content.figures.records), (somewhere(), size, 130));
        fs::remove_file(folder.path()).unwrap();
    }
}

#[test]
fn a_checkpoint_with_any_digit_changed_is_refused() {
    let folder = Folder::new("digits");
    let whole = folder.save(somewhere(), None);
    let digits: Vec<usize> = whole.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
    assert!(digits.len() > 30, "{whole}");
    for at in digits {
        let mut changed = whole.clone().into_bytes();
        changed[at] = if changed[at] == b'9' { b'8' } else { changed[at] + 1 };
        fs::write(folder.path(), &changed).unwrap();
        let Err(error) = folder.open(false) else { panic!("{}", String::from_utf8_lossy(&changed)) };
        assert!(error.to_string().contains("checkpoint"), "{error}");
    }
}

#[test]
fn numbers_that_no_export_saves_are_refused_although_the_checksum_is_right() {
    let folder = Folder::new("numbers");
    let saved = |up_to: ResumePoint, size: Option<u64>, counts_records: bool| {
        let mut file = folder.open(size.is_some()).unwrap();
        file.save(up_to, size, ExportFigures::default()).unwrap();
        drop(file);
        let opened = folder.open(counts_records).map(drop);
        fs::remove_file(folder.path()).unwrap();
        opened.map_err(|error| error.to_string())
    };
    assert_eq!(saved(somewhere(), Some(50), true), Ok(()));
    for (up_to, size, counts_records) in [
        (somewhere(), None, true), // a page of unknown size
        (somewhere(), Some(50), false),
        (somewhere(), Some(0), true),
        (somewhere(), Some(u64::MAX), true),
        (ResumePoint { page: None, ..somewhere() }, None, false),
        (ResumePoint { page: Some(u64::MAX), ..somewhere() }, None, false),
        (ResumePoint { end: Some(u64::MAX), ..somewhere() }, None, false),
    ] {
        let fault = saved(up_to, size, counts_records).unwrap_err();
        assert!(fault.contains("is damaged: remove it"), "{up_to:?} {size:?}: {fault}");
    }
}

#[test]
fn a_checkpoint_that_cannot_be_removed_is_overwritten_and_begins_anew() {
    let folder = Folder::new("finished");
    let mut file = {
        folder.save(somewhere(), None);
        folder.open(false).unwrap()
    };
    file.content.finished = true;
    overwrite(&folder.path(), &file.content.to_bytes().unwrap()).unwrap();
    drop(file);
    assert_eq!(folder.open(false).unwrap().content.up_to, ResumePoint::default());

    // Where it cannot be overwritten either, a person has to remove it.
    let mut file = folder.open(false).unwrap();
    fs::remove_file(folder.path()).unwrap();
    fs::create_dir(folder.path()).unwrap();
    let error = file.remove().unwrap_err().to_string();
    assert!(error.contains("cannot be removed; remove it before the next export"), "{error}");
}

/// As the version 0.2.0 wrote it.
const SAVED: &str = concat!(
    r#"{"checkpoint":"crm export","version":2,"query":"0123456789abcdef","after":130,"page":13,"end":null,"size":50,"#,
    r#""mark":null,"figures":{"records":130,"unreadable":1,"left_out":2,"as_listed":3,"pages":4,"repaired":5,"#,
    r#""moved_up":6,"contradictions":7},"finished":false,"check":"00000000000000aa"}"#
);

#[test]
fn a_checkpoint_of_an_earlier_version_is_read_and_written_unchanged() {
    let Object(content): Object<Content> = serde_json::from_str(SAVED).unwrap();
    assert_eq!(content.up_to, ResumePoint { id: 130, page: Some(13), end: None });
    assert_eq!(content.figures.contradictions, 7);
    assert_eq!(serde_json::to_string(&content).unwrap(), SAVED);
}

#[test]
fn a_checkpoint_needs_few_of_its_members() {
    let least =
        r#"{"new":{},"figures":{"pages":9,"new":1},"after":7,"query":"q","version":2,"checkpoint":"c"}"#;
    let Object(content): Object<Content> = serde_json::from_str(least).unwrap();
    assert_eq!(content.up_to, ResumePoint { id: 7, ..ResumePoint::default() });
    assert_eq!(content.figures, ExportFigures { pages: 9, ..ExportFigures::default() });
    assert!(!content.finished && content.check.is_empty());
    for member in [r#""after":7,"#, r#""query":"q","#, r#""version":2,"#, r#""figures":{"pages":9,"new":1},"#]
    {
        assert!(serde_json::from_str::<Object<Content>>(&least.replace(member, "")).is_err(), "{member}");
    }
}
