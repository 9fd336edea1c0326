import pg from "pg";
import { serve } from "./inbound/http.js";
import { migrate } from "./server/migrate.js";
import { buildPorts } from "./server/wiring.js";

const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"] });
await migrate(pool, new URL("../migrations/", import.meta.url));
serve(buildPorts(pool)).listen(8080, "127.0.0.1");
