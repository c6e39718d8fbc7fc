import { signal } from '@preact/signals';

/** Whether the page says that the line to the server is down; short interruptions do not count. */
export const lineDown = signal(false);
