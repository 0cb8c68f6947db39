import type { OpenAPIObject } from '@nestjs/swagger';

/** A route as its document describes it, as far as requests to it can be made up from that. */
export interface Operation {
  method: string;
  /** `{name}` stands for a parameter. */
  path: string;
  parameters: string[];
  query: string[];
  /** Members of its body, with what the document shows as an example; undefined where it takes none. */
  members: Record<string, unknown> | undefined;
}

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  example?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  default?: unknown;
  type?: string | string[];
  items?: Schema;
}

interface Described {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** Every route of a document: a new one is there without anybody thinking of it. */
export function operationsOf({ paths, components }: OpenAPIObject): Operation[] {
  const schemas = (components?.schemas ?? {}) as Record<string, Schema>;
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Described>).map(([method, { parameters = [], requestBody }]) => {
      const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
      const named = (place: string) => parameters.filter((each) => each.in === place).map(({ name }) => name);
      return {
        method: method.toUpperCase(),
        path,
        parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
        query: named('query'),
        members: schema && membersOf(schema, schemas),
      };
    }),
  );
}

function membersOf(schema: Schema, schemas: Record<string, Schema>): Record<string, unknown> {
  const whole = resolved(schema, schemas);
  return Object.fromEntries(
    Object.entries(whole.properties ?? {}).map(([name, member]) => [name, exampleOf(member, schemas)]),
  );
}

function resolved(schema: Schema, schemas: Record<string, Schema>): Schema {
  const name = schema.$ref?.split('/').at(-1);
  const target = name === undefined ? schema : (schemas[name] ?? {});
  const parts = (target.allOf ?? []).map((part) => resolved(part, schemas));
  return { ...target, properties: Object.assign({}, ...parts.map((part) => part.properties), target.properties) };
}

function exampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  const { example, examples, enum: choices, default: byDefault, type, items, ...rest } = resolved(schema, schemas);
  const shown = example ?? examples?.[0] ?? choices?.[0] ?? byDefault;
  if (shown !== undefined) return shown;
  if (items) return [exampleOf(items, schemas)];
  if (Object.keys(rest.properties ?? {}).length > 0) return membersOf(schema, schemas);
  return type === 'integer' || type === 'number' ? 1 : 'x';
}
