//! What a list is sorted by.

/// `order`: what a list of activities is sorted by.
///
/// Only these columns: any other word reaches the server's SQL as it is (observed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryOrder {
    /// `cid`: by id. The only order that stays stable while activities are added.
    #[doc(alias = "cid")]
    Id,
    /// `datum`: by time; the server's default. Equal times come in no set order (observed).
    #[doc(alias = "datum")]
    At,
    /// `des`: by content.
    #[doc(alias = "des")]
    Content,
    /// `tip`: by the title of the type.
    #[doc(alias = "tip")]
    Activity,
    /// `iduser`: by user.
    #[doc(alias = "iduser")]
    User,
    /// `clid`: by client.
    #[doc(alias = "clid")]
    Client,
    /// `pid`: by contacts.
    #[doc(alias = "pid")]
    Contacts,
    /// `did`: by deal.
    #[doc(alias = "did")]
    Deal,
}

impl EntryOrder {
    /// The server's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "cid",
            Self::At => "datum",
            Self::Content => "des",
            Self::Activity => "tip",
            Self::User => "iduser",
            Self::Client => "clid",
            Self::Contacts => "pid",
            Self::Deal => "did",
        }
    }
}
