//! Routes requests to the ports and their errors to status codes.

use std::sync::Arc;

use rouille::{input::plain_text_body, router, Request, Response};
use uuid::Uuid;

use crate::domain::ports::{LoginService, UserInterestsCommand, UserProfileQuery, UsersQuery};
use crate::domain::{InterestThemeId, Revision, UserId, UserStateError};

pub struct HttpState {
    pub login: Arc<dyn LoginService>,
    pub users: Arc<dyn UsersQuery>,
    pub profile: Arc<dyn UserProfileQuery>,
    pub interests: Arc<dyn UserInterestsCommand>,
}

pub fn handle(state: &HttpState, request: &Request) -> Response {
    router!(request,
        (POST) (/login/{name: String}) => { log_in(state, request, &name) },
        (GET) (/users/{id: Uuid}) => {
            reply(state.users.find(UserId(id)).map(|user| {
                format!("{}\n{}", user.id.0, user.display_name)
            }))
        },
        (GET) (/users/{id: Uuid}/profile) => {
            reply(state.profile.profile_of(UserId(id)).map(|profile| {
                format!("{}\n{}", profile.display_name, profile.locale)
            }))
        },
        (PUT) (/users/{id: Uuid}/interests) => { replace_interests(state, request, UserId(id)) },
        _ => Response::empty_404()
    )
}

fn log_in(state: &HttpState, request: &Request, name: &str) -> Response {
    let Ok(password) = plain_text_body(request) else {
        return Response::empty_400();
    };
    match state.login.authenticate(name, &password) {
        Ok(Some(user)) => Response::text(user.0.to_string()),
        Ok(None) => Response::text("wrong name or password").with_status_code(401),
        Err(error) => refuse(&error),
    }
}

/// Takes one theme id per line, and in `If-Match` the revision that was read.
fn replace_interests(state: &HttpState, request: &Request, user: UserId) -> Response {
    let revision = request
        .header("If-Match")
        .and_then(|value| value.parse().ok());
    let themes = plain_text_body(request)
        .ok()
        .and_then(|body| theme_ids(&body));
    let (Some(revision), Some(themes)) = (revision, themes) else {
        return Response::empty_400();
    };
    let written = state.interests.replace(user, themes, Revision(revision));
    reply(written.map(|interests| {
        format!(
            "{} themes, revision {}",
            interests.theme_ids.len(),
            interests.revision.0
        )
    }))
}

fn theme_ids(body: &str) -> Option<Vec<InterestThemeId>> {
    body.lines()
        .map(|line| Uuid::parse_str(line.trim()).ok().map(InterestThemeId))
        .collect()
}

fn reply(outcome: Result<String, UserStateError>) -> Response {
    outcome.map_or_else(|error| refuse(&error), Response::text)
}

fn refuse(error: &UserStateError) -> Response {
    let status = match error {
        UserStateError::NotFound(_) => 404,
        UserStateError::Stale { .. } => 412,
        UserStateError::Unavailable(_) => 503,
    };
    Response::text(error.to_string()).with_status_code(status)
}
