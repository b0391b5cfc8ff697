// Two serving processes on one SQLite file.
import { Twins } from '../support/twins.ts';
import { testTwins } from '../support/twins_cases.ts';

testTwins(() => Twins.open('twins'));
