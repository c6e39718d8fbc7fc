import { z } from 'zod';

/** A step of a plan, as `explain (analyze, format json)` tells it. */
export interface PlanNode {
  readonly 'Relation Name'?: string | undefined;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number | undefined;
  readonly Plans?: readonly PlanNode[] | undefined;
}

const nodeSchema: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Relation Name': z.string().optional(),
    'Actual Rows': z.number(),
    'Actual Loops': z.number(),
    'Rows Removed by Filter': z.number().optional(),
    Plans: z.array(nodeSchema).optional(),
  }),
);
const planSchema = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: nodeSchema })]) })]);

/** Reads the rows of `explain (analyze, format json)`. */
export function parsePlan(rows: unknown): PlanNode {
  return planSchema.parse(rows)[0]['QUERY PLAN'][0].Plan;
}

/** How many rows of a table a plan looked at. */
export function rowsRead(node: PlanNode, table: string): number {
  const own = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  const below = (node.Plans ?? []).map((one) => rowsRead(one, table));
  return below.reduce((sum, one) => sum + one, node['Relation Name'] === table ? own : 0);
}
