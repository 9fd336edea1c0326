import type { Pool } from "pg";
import type { Ports } from "../domain/ports.js";
import { PostgresInterests } from "../outbound/postgres-interests.js";
import { PostgresUsers } from "../outbound/postgres-users.js";

/** The composition root: everything is on the database. */
export function buildPorts(pool: Pool): Ports {
  const users = new PostgresUsers(pool);
  return { login: users, profile: users, interests: new PostgresInterests(pool) };
}
