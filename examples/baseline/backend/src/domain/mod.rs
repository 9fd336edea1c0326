//! What the service knows of its users, free of HTTP and SQL.

pub mod ports;

use std::fmt;

use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub Uuid);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestThemeId(pub Uuid);

/// Raised by one with every write of a user's preferences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision(pub u32);

impl Revision {
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub display_name: String,
}

#[derive(Clone, Debug)]
pub struct UserProfile {
    pub display_name: String,
    pub locale: String,
}

#[derive(Clone, Debug)]
pub struct UserInterests {
    pub theme_ids: Vec<InterestThemeId>,
    pub revision: Revision,
}

#[derive(Debug, PartialEq, Eq)]
pub enum UserStateError {
    NotFound(UserId),
    /// Somebody else has written since the caller read.
    Stale {
        found: Revision,
    },
    Unavailable(String),
}

impl fmt::Display for UserStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(user) => write!(f, "there is no user {}", user.0),
            Self::Stale { found } => write!(f, "the current revision is {}", found.0),
            Self::Unavailable(cause) => write!(f, "user state cannot be reached: {cause}"),
        }
    }
}

impl std::error::Error for UserStateError {}
