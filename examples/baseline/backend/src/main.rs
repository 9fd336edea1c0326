//! Serves guided city walks over HTTP.

mod domain;
mod inbound;
mod outbound;
mod server;

use std::{env, error::Error};

use diesel::{pg::PgConnection, Connection};
use diesel_migrations::{embed_migrations, EmbeddedMigrations, MigrationHarness};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut connection = PgConnection::establish(&env::var("DATABASE_URL")?)?;
    connection.run_pending_migrations(MIGRATIONS)?;

    let state = server::state_builders::build_http_state();
    rouille::start_server("127.0.0.1:8080", move |request| {
        inbound::http::handle(&state, request)
    })
}
