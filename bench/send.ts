import { runCommand } from './contest/command.ts';

// How much goes through: 1,000 people who all talk, in groups of ten.
await runCommand('send', {
  seconds: 3,
  rounds: 8,
  window: 1,
  body: 100,
  conversations: 100,
  people: 10,
});
