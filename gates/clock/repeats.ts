import { newId } from '@parley/protocol';
import type { Run } from '../kit/run.ts';
import type { Topology } from '../kit/topology.ts';

/** A message that is sent again, to each node, is the one that was stored first. */
export async function repeats(run: Run, cluster: Topology): Promise<void> {
  const tenant = await cluster.tenant(['ann', 'bob']);
  const [first] = cluster.nodes;
  const ann = await tenant.connect('ann', first?.socketUrl);
  const { conversation } = await ann.ask('conversation.create', {
    kind: 'group',
    members: ['bob'],
  });
  const message = { id: newId(), body: 'once' };
  const stored = await ann.ask('message.send', { conversation: conversation.id, message });
  for (const node of cluster.nodes) {
    const socket = await tenant.connect('ann', node.socketUrl);
    const again = await socket.ask('message.send', { conversation: conversation.id, message });
    const isSame = JSON.stringify(again) === JSON.stringify(stored);
    run.expect(isSame, `node ${node.index} answers a repeat with ${JSON.stringify(again)}`);
    await socket.close();
  }
  await ann.close();
}
