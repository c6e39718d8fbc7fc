import { runCommand } from './contest/command.ts';

// How long one message takes when nothing else goes on: one sender, one message at a time.
await runCommand('lone', {
  seconds: 3,
  rounds: 3,
  window: 1,
  body: 100,
  conversations: 1,
  people: 10,
  senders: 1,
});
