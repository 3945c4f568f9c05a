// duckdb: one question to DuckDB, for bench/peers. node duckdb.mjs 'SQL'; needs @duckdb/node-api where node finds it (NODE_PATH or cwd).
import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.cwd() + '/')('@duckdb/node-api');
const connection = await (await DuckDBInstance.create(':memory:', { threads: process.env.THREADS ?? '2' })).connect();
await connection.run(process.argv[2]);
