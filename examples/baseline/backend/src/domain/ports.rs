//! The driven ports: each has one implementation at a time, chosen at start-up.

use super::{InterestThemeId, Revision, User, UserId, UserInterests, UserProfile, UserStateError};

type Result<T> = std::result::Result<T, UserStateError>;

/// Answers who is logging in.
pub trait LoginService: Send + Sync {
    fn authenticate(&self, name: &str, password: &str) -> Result<Option<UserId>>;
}

pub trait UsersQuery: Send + Sync {
    fn find(&self, id: UserId) -> Result<User>;
}

pub trait UserProfileQuery: Send + Sync {
    fn profile_of(&self, id: UserId) -> Result<UserProfile>;
}

pub trait UserInterestsCommand: Send + Sync {
    /// Replaces a user's themes, unless they changed since `expected` was read.
    fn replace(
        &self,
        user: UserId,
        themes: Vec<InterestThemeId>,
        expected: Revision,
    ) -> Result<UserInterests>;
}
