import { readdir, readFile } from "node:fs/promises";
import type { Pool } from "pg";

/** Applies what is new, in the order of the names, a transaction each. */
export async function migrate(pool: Pool, folder: URL): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("CREATE TABLE IF NOT EXISTS migrations_done (name text PRIMARY KEY)");
    const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
    for (const name of names) {
      const statements = await readFile(new URL(name, folder), "utf8");
      await client.query("BEGIN");
      const { rowCount } = await client.query(
        "INSERT INTO migrations_done (name) VALUES ($1) ON CONFLICT DO NOTHING",
        [name],
      );
      if (rowCount === 1) {
        await client.query(statements);
      }
      await client.query("COMMIT");
    }
  } finally {
    client.release();
  }
}
