import { Crowd } from './crowd.ts';
import type { Order, Report } from './orders.ts';

// The load process: started by load.ts with a channel, ends with it.
const crowds = new Map<string, Crowd>();

// Both ends of the channel are of one build, so the shape needs no check.
process.on('message', (order: Order) => {
  carryOut(order).catch((error: unknown) => {
    tell({ type: 'failed', why: error instanceof Error ? error.message : String(error) });
  });
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the bench decides when the load goes.
process.on('SIGINT', () => {});

async function carryOut(order: Order): Promise<void> {
  switch (order.type) {
    case 'connect':
      crowds.set(order.server, await Crowd.connect(order.port, order.people, order.bodyBytes));
      tell({ type: 'connected' });
      break;
    case 'run': {
      const crowd = crowds.get(order.server);
      if (crowd === undefined) throw new Error(`nobody is connected to ${order.server}`);
      const measured = await crowd.run(order.plan, (edge) => tell({ type: 'window', edge }));
      tell({ type: 'measured', measured });
      break;
    }
  }
}

function tell(report: Report): void {
  process.send?.(report);
}
