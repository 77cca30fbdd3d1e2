import { describe, expect, it } from 'vitest';
import { matchUriTemplate } from '../../../../../src/evaluate/proxies/envoy/http/uri-template.ts';
import { Cursor } from '../../../../../src/model/json.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';
const extension = (config: object): Cursor =>
  new Cursor('dump', '', { name: 'template', typed_config: { '@type': TYPE, ...config } });

describe('a URI template', () => {
  // By envoy, test/extensions/path/uri_template_lib/uri_template_test.cc and the documentation of UriTemplateMatchConfig.
  it.each([
    ['/*', '/api', true],
    ['/*', '/api/v1', false],
    ['/*', '/', false],
    ['/**', '/', true],
    ['/**', '/api/v1/x', true],
    ['/api/{id}', '/api/7', true],
    ['/api/{id}', '/api/7/x', false],
    ['/api/{rest=v1/**}/end', '/api/v1/a/b/end', true],
    ['/api/{rest=v1/**}/end', '/api/v2/a/end', false],
    ['/media/*.png', '/media/a.png', true],
    ['/media/*.png', '/media/axpng', false],
    ['/a$b(c)', '/a$b(c)', true],
    ['/a%20b', '/a%20b', true],
    ['/*', '/a=b', true],
    // By Envoy 1.38.3 and 1.40.0 themselves.
    ['/reviews*', '/reviews', true],
    ['/reviews*', '/review', true],
    ['/reviews*', '/reviewsandmore', false],
  ])('%s, path %s: %s', (template, path, matches) => {
    expect(matchUriTemplate(extension({ path_template: template }), path)).toBe(matches);
  });

  it.each([
    ['without a slash', extension({ path_template: 'api' })],
    ['with a brace left open', extension({ path_template: '/{id' })],
    ['with a field that is not known', extension({ path_template: '/*', more: 1 })],
    ['of another type', new Cursor('dump', '', { typed_config: { '@type': 'type.googleapis.com/some.Other' } })],
  ])('%s is not known', (_, cursor) => {
    expect(matchUriTemplate(cursor, '/x')).toHaveProperty('reason');
  });
});
