// Prints the URL of a PostgreSQL in which databases may be created, if there is one at the port given without a password.
import pg from 'pg';

const port = process.argv[2];
for (const user of ['postgres', 'root', process.env.USER ?? 'postgres']) {
  for (const database of ['test', 'postgres']) {
    const url = `postgres://${user}@127.0.0.1:${port}/${database}`;
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      const { rows } = await client.query('SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user');
      if (!rows[0]?.rolcreatedb) continue;
      console.log(url);
      process.exit(0);
    } catch {
      // The next may do.
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
process.exit(1);
