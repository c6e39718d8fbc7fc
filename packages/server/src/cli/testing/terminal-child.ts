// `parley` as it is in a terminal: it shows how far it has come.
process.stderr.isTTY = true;
await import('../main.ts');
