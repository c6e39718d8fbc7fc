import { showPage } from './show-page.tsx';
import { serverDoor } from './sign-in/server-door.ts';

showPage(serverDoor(location.href));
