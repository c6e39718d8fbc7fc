/**
 * The page on an in-memory server, for looking at it: `?person=maya&scene=empty`.
 *
 * Not part of the product; `vite build --mode preview` builds it.
 */
import { showPage } from '../show-page.tsx';
import { FakeClient } from './fake-client.ts';
import { demoPeople } from './fake-people.ts';

declare global {
  interface Window {
    /** For scripts that drive the preview. */
    preview?: { client: FakeClient };
  }
}

const query = new URLSearchParams(location.search);
const scene = query.get('scene') ?? 'usual';
const person = query.get('person');
if (person) sessionStorage.setItem('parley.demo-person', person);

showPage({
  config: async () => {
    if (scene === 'unreachable') throw new Error('The preview was told to fail.');
    return { demo: scene !== 'host' };
  },
  demoPeople: async () => demoPeople,
  demoSignIn: async () => 'token',
  createClient: () => {
    const client = new FakeClient(sessionStorage.getItem('parley.demo-person') ?? '', scene);
    window.preview = { client };
    return client;
  },
});
