//! One user kept in memory, so that the app can be built before its storage.

use std::sync::Mutex;

use uuid::Uuid;

use crate::domain::ports::{LoginService, UserInterestsCommand, UserProfileQuery, UsersQuery};
use crate::domain::{
    InterestThemeId, Revision, User, UserId, UserInterests, UserProfile, UserStateError,
};

const WALKER: UserId = UserId(Uuid::from_u128(0x5eed_0000_0000_4000_8000_0000_0000_0001));
const WALKER_NAME: &str = "First Walker";

fn known(id: UserId) -> Result<(), UserStateError> {
    if id == WALKER {
        Ok(())
    } else {
        Err(UserStateError::NotFound(id))
    }
}

/// Lets the one user in with any password.
pub struct FixtureLoginService;

impl LoginService for FixtureLoginService {
    fn authenticate(&self, name: &str, _password: &str) -> Result<Option<UserId>, UserStateError> {
        Ok((name == WALKER_NAME).then_some(WALKER))
    }
}

pub struct FixtureUsersQuery;

impl UsersQuery for FixtureUsersQuery {
    fn find(&self, id: UserId) -> Result<User, UserStateError> {
        known(id)?;
        Ok(User {
            id,
            display_name: WALKER_NAME.to_owned(),
        })
    }
}

pub struct FixtureUserProfileQuery;

impl UserProfileQuery for FixtureUserProfileQuery {
    fn profile_of(&self, id: UserId) -> Result<UserProfile, UserStateError> {
        known(id)?;
        Ok(UserProfile {
            display_name: WALKER_NAME.to_owned(),
            locale: "en".to_owned(),
        })
    }
}

/// Forgets everything on restart.
pub struct FixtureUserInterestsCommand {
    stored: Mutex<UserInterests>,
}

impl FixtureUserInterestsCommand {
    pub fn new() -> Self {
        let nothing = UserInterests {
            theme_ids: Vec::new(),
            revision: Revision(1),
        };
        Self {
            stored: Mutex::new(nothing),
        }
    }
}

impl UserInterestsCommand for FixtureUserInterestsCommand {
    fn replace(
        &self,
        user: UserId,
        themes: Vec<InterestThemeId>,
        expected: Revision,
    ) -> Result<UserInterests, UserStateError> {
        known(user)?;
        let mut stored = self
            .stored
            .lock()
            .map_err(|error| UserStateError::Unavailable(error.to_string()))?;
        if stored.revision != expected {
            return Err(UserStateError::Stale {
                found: stored.revision,
            });
        }
        *stored = UserInterests {
            theme_ids: themes,
            revision: expected.next(),
        };
        Ok(stored.clone())
    }
}
