// Two serving processes on one PostgreSQL database.
import { after } from 'node:test';
import { Postgres } from '../support/postgres_server.ts';
import { Twins } from '../support/twins.ts';
import { testTwins } from '../support/twins_cases.ts';

const server = Postgres.start();

testTwins(() => Twins.open('twins-postgres', server));
after(() => server.remove());
