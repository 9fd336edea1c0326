import { scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Pool } from "pg";
import type { LoginService, User, UserProfileQuery } from "../domain/ports.js";

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** Still written for the users table that migration 008 dropped. */
export class PostgresUsers implements LoginService, UserProfileQuery {
  constructor(private readonly pool: Pool) {}

  async authenticate(email: string, password: string): Promise<User | undefined> {
    const { rows } = await this.pool.query<User & { hash: string }>(
      `SELECT id, display_name AS "displayName", password_hash AS hash
       FROM users WHERE lower(email) = lower($1)`,
      [email],
    );
    const row = rows[0];
    if (row === undefined || !(await matches(password, row.hash))) {
      return undefined;
    }
    return { id: row.id, displayName: row.displayName };
  }

  async profileOf(userId: string): Promise<User | undefined> {
    const { rows } = await this.pool.query<User>(
      `SELECT id, display_name AS "displayName" FROM users WHERE id = $1`,
      [userId],
    );
    return rows[0];
  }
}

/** A stored hash is "salt:key", both in hexadecimal. */
async function matches(password: string, stored: string): Promise<boolean> {
  const [salt = "", key = ""] = stored.split(":");
  const expected = Buffer.from(key, "hex");
  const found = await derive(password, Buffer.from(salt, "hex"), 32);
  return expected.length === found.length && timingSafeEqual(expected, found);
}
