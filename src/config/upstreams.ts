/** The services around Operator, by the names that the rest of the stack uses. */
export const UPSTREAM_NAMES = [
  'tentaculo_link',
  'madre',
  'switch',
  'hermes',
  'hormiguero',
  'manifestator',
  'mcp',
  'shub',
  'spawner',
] as const;

export type UpstreamName = (typeof UPSTREAM_NAMES)[number];
