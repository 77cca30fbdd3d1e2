// Writes src/render/protobuf/schema.json from what main.go printed: node write-schema.mjs < messages.txt
// main.go is run in a module with istioctl's own versions (see ../install-istioctl.ts) and its build tags.
import { readFileSync, writeFileSync } from 'node:fs';

/** Configuration of Istio itself, and data that no configuration holds: a config_dump has none of it. */
const OUTSIDE = /^(istio\.(mesh|operator|networking|telemetry|security|analysis|extensions|meta|type)|envoy\.data)\./;

/** @type {string[]} */
const names = [];
/** @type {Map<string, number>} */
const places = new Map();
/** @param {string} name */
function place(name) {
  const known = places.get(name);
  if (known !== undefined) return known;
  places.set(name, names.length);
  names.push(name);
  return names.length - 1;
}

/** @type {{ enums: Record<string, string>, messages: Record<string, string> }} */
const found = { enums: {}, messages: {} };
for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  const [kind, name = '', ...parts] = line.split(' ');
  if (OUTSIDE.test(name)) continue;
  if (kind === 'enum') found.enums[name] = parts.join(' ');
  else {
    found.messages[name] = parts
      .map((part) =>
        part.replace(/([me])([A-Za-z][A-Za-z0-9_]*\.[A-Za-z0-9_.]+)$/, (_, type, full) => type + place(full)),
      )
      .join(' ');
  }
}
const file = new URL('../../../../src/render/protobuf/schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify({ names, ...found }, null, 1)}\n`);
