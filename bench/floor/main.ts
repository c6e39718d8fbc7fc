import { openDataFolder } from '../../packages/server/src/config/data-folder.ts';
import { embeddedGuest } from '../../packages/server/src/db/embedded/guest.ts';
import { startEmbedded } from '../../packages/server/src/db/embedded/start-embedded.ts';
import { startFloor } from './floor-server.ts';

// The floor's process: started by peer/floor.ts with a channel, ends with it.
const told = new Promise((resolve) => process.once('disconnect', resolve));
// Ctrl-C reaches the whole group; the bench decides when its servers go.
process.on('SIGINT', () => {});

const [path = ''] = process.argv.slice(2);
const dataDir = await openDataFolder({ path, explicit: true, guest: embeddedGuest });
const postgres = await startEmbedded({ dataDir });
const floor = await startFloor(postgres.address);
process.send?.({ port: floor.port });
await told;
await floor.close();
await postgres.stop();
process.exit();
