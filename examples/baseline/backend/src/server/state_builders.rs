//! Chooses what stands behind each port.

use std::sync::Arc;

use crate::domain::ports::{LoginService, UserInterestsCommand, UserProfileQuery, UsersQuery};
use crate::inbound::http::HttpState;
use crate::outbound::fixtures::{
    FixtureLoginService, FixtureUserInterestsCommand, FixtureUserProfileQuery, FixtureUsersQuery,
};

pub fn build_http_state() -> HttpState {
    HttpState {
        login: build_login_service(),
        users: build_users_query(),
        profile: build_user_profile_query(),
        interests: build_user_interests_command(),
    }
}

fn build_login_service() -> Arc<dyn LoginService> {
    Arc::new(FixtureLoginService)
}

fn build_users_query() -> Arc<dyn UsersQuery> {
    Arc::new(FixtureUsersQuery)
}

fn build_user_profile_query() -> Arc<dyn UserProfileQuery> {
    Arc::new(FixtureUserProfileQuery)
}

/// The database-backed command waits for one answer to where interests live.
fn build_user_interests_command() -> Arc<dyn UserInterestsCommand> {
    Arc::new(FixtureUserInterestsCommand::new())
}
