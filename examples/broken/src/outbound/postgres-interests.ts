import type { Pool } from "pg";
import type { UserInterestsCommand } from "../domain/ports.js";

export class PostgresInterests implements UserInterestsCommand {
  constructor(private readonly pool: Pool) {}

  async replace(userId: string, themeIds: readonly string[]): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("DELETE FROM user_interest_themes WHERE user_id = $1", [userId]);
      await client.query(
        `INSERT INTO user_interest_themes (user_id, theme_id)
         SELECT $1, unnest($2::uuid[])`,
        [userId, themeIds],
      );
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    } finally {
      client.release();
    }
  }
}
