import type { OpenAPIHono } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import type { Context } from 'hono';
import { createTenant } from '../tenants/create-tenant.ts';
import { resumeTenant } from '../tenants/resume-tenant.ts';
import { suspendTenant } from '../tenants/suspend-tenant.ts';
import type { TenantContext } from '../tenants/tenant-context.ts';
import { readTenantRecord } from '../tenants/tenant-record.ts';
import { updateSettings } from '../tenants/update-settings.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { anyTenant } from './tenant-context.ts';
import {
  newTenantSchema,
  settingsChange,
  settingsSchema,
  tenantParams,
  tenantSchema,
  tenantSecretsSchema,
} from './tenant-schema.ts';

const tags = ['Tenants'];
const oneTenant = {
  200: {
    description: 'The tenant as it is now.',
    content: { 'application/json': { schema: tenantSchema } },
  },
} as const;

/** Tenants, made by the operator of the installation, and what they decide for themselves. */
export function addTenantRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const create = operation(parts, 'createTenant', {
    method: 'post',
    path: '/v1/tenants',
    summary: 'Make a tenant and its first secrets',
    tags,
    request: {
      body: { required: true, content: { 'application/json': { schema: newTenantSchema } } },
    },
    responses: {
      201: {
        description: 'Made. The secrets are not shown again.',
        content: { 'application/json': { schema: tenantSecretsSchema } },
      },
      ...problems(
        'bad_request',
        'unauthorized',
        'already_exists',
        'too_large',
        'unsupported_media_type',
        'unavailable',
      ),
    },
  });
  app.openapi(create, async (c) => c.json(await createTenant(parts, c.req.valid('json')), 201));

  const get = operation(parts, 'getTenant', {
    method: 'get',
    path: '/v1/tenants/{id}',
    summary: 'A tenant and its settings',
    tags,
    request: { params: tenantParams },
    responses: {
      ...oneTenant,
      ...problems('unauthorized', 'not_allowed', 'not_found', 'unavailable'),
    },
  });
  app.openapi(get, async (c) => {
    const { db, tenant } = ownTenant(parts, c, c.req.valid('param').id);
    return c.json(await readTenantRecord(db.sql, tenant), 200);
  });

  const update = operation(
    parts,
    'updateTenant',
    {
      method: 'patch',
      path: '/v1/tenants/{id}',
      summary: "Change a tenant's settings",
      description: 'Absent ones stay as they are; null goes back to the default.',
      tags,
      request: {
        params: tenantParams,
        body: { required: true, content: { 'application/json': { schema: settingsSchema } } },
      },
      responses: {
        ...oneTenant,
        ...problems(
          'bad_request',
          'unauthorized',
          'not_allowed',
          'not_found',
          'too_large',
          'unsupported_media_type',
          'unavailable',
        ),
      },
    },
    { emptyBody: true },
  );
  app.openapi(update, async (c) => {
    const ctx = ownTenant(parts, c, c.req.valid('param').id);
    return c.json(await updateSettings(ctx, settingsChange(c.req.valid('json'))), 200);
  });

  const suspend = operation(parts, 'suspendTenant', {
    method: 'post',
    path: '/v1/tenants/{id}/suspend',
    summary: 'Shut a tenant out: its people and its keys',
    description: 'Their sockets are closed with 4501. Nothing is deleted.',
    tags,
    request: { params: tenantParams },
    responses: { ...oneTenant, ...problems('unauthorized', 'not_found', 'unavailable') },
  });
  app.openapi(suspend, async (c) =>
    c.json(await suspendTenant(anyTenant(parts, c, c.req.valid('param').id)), 200),
  );

  const resume = operation(parts, 'resumeTenant', {
    method: 'post',
    path: '/v1/tenants/{id}/resume',
    summary: 'Let a suspended tenant in again',
    tags,
    request: { params: tenantParams },
    responses: { ...oneTenant, ...problems('unauthorized', 'not_found', 'unavailable') },
  });
  app.openapi(resume, async (c) =>
    c.json(await resumeTenant(anyTenant(parts, c, c.req.valid('param').id)), 200),
  );
}

/** The tenant of the path: any for the operator, its own for a key; others are as if unknown. */
function ownTenant(parts: AppParts, c: Context<HttpEnv>, id: string): TenantContext {
  if (c.get('actor').kind === 'key' && c.get('tenant') !== id) throw new ParleyError('not_found');
  return anyTenant(parts, c, id);
}
