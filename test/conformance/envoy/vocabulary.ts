/** Few words, so that what is generated overlaps: requests and configurations are drawn from the same ones. */
export const SOURCES = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.5', '127.0.0.9'] as const;
export const DESTINATIONS = ['127.0.0.1', '127.0.1.1', '127.0.1.2', '127.0.2.1'] as const;
export const SOURCE_RANGES = [
  '127.0.0.1/32',
  '127.0.0.2/32',
  '127.0.0.0/30',
  '127.0.0.0/29',
  '127.0.0.0/24',
  '127.0.0.0/8',
  '10.0.0.0/8',
] as const;
export const DESTINATION_RANGES = [
  '127.0.1.1/32',
  '127.0.1.0/24',
  '127.0.0.0/16',
  '127.0.0.0/23',
  '10.0.0.0/8',
] as const;
export const HOSTS = [
  'reviews',
  'reviews:8080',
  'Reviews.Example.com',
  'reviews.example.com',
  'a.reviews.example.com',
  'ratings.example.com:80',
  'example.com.',
  'example.org',
  'foo.bar.example.com',
  '[::1]:80',
  '127.0.0.1',
] as const;
export const DOMAINS = [
  'reviews',
  'reviews:*',
  'reviews.example.com',
  '*.example.com',
  '*.reviews.example.com',
  '*-s.example.com',
  'reviews.*',
  'ratings.*',
  'example.com',
  'example.com.',
  'example.org',
  '*.com:80',
  '127.0.0.1',
  '[::1]',
  '*',
] as const;
export const SERVER_NAMES = [
  'reviews.example.com',
  '*.example.com',
  '*.reviews.example.com',
  'example.org',
  '*.org',
  '*.com',
] as const;
export const SNIS = [
  'reviews.example.com',
  'A.reviews.example.com',
  'ratings.example.com',
  'example.org',
  'a.b.example.org',
  'other',
] as const;
export const ALPNS = ['h2', 'http/1.1', 'istio', 'istio-peer-exchange', 'custom'] as const;
export const PATHS = [
  '/',
  '/reviews',
  '/reviews/1',
  '/Reviews/1',
  '/reviews/1?x=1',
  '/reviews/1?y=&x=2&x=1',
  '/reviewsandmore',
  '/ratings/a%20b',
  '/a//b',
  '/a/../reviews/1',
  '/a%2Fb',
  '/reviews;v=1/x',
  '/dangling/x',
  '/%72eviews/1',
  '/static/./file.css?x',
] as const;
export const PREFIXES = [
  '/',
  '/reviews',
  '/reviews/',
  '/REVIEWS',
  '/ratings',
  '/a',
  '/a/',
  '/static',
  '/dangling',
] as const;
export const EXACT_PATHS = ['/', '/reviews', '/reviews/1', '/a/b', '/a//b', '/ratings/a%20b'] as const;
export const TEMPLATES = [
  '/*',
  '/**',
  '/reviews/{id}',
  '/reviews/**',
  '/{any=**}/1',
  '/{what=reviews/*}',
  '/reviews*',
  '/*/x',
  '/ratings/*',
  '/a/**.b',
] as const;
export const PATH_PATTERNS = [
  '/reviews/\\d+',
  '/.*',
  '/re.*',
  '(?i)/REVIEWS.*',
  '/a/?/b',
  '/(reviews|ratings)/[^/]+',
  '.*%20.*',
] as const;
export const METHODS = ['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS'] as const;
/** Of which the HTTP/1 codec takes one. */
export const ODD_METHODS = ['FOO', 'MSEARCH', 'M-SEARCH'] as const;
export const HEADERS: readonly (readonly [string, string])[] = [
  ['end-user', 'jason'],
  ['end-user', 'Jason'],
  ['end-user', ''],
  ['x-version', '17'],
  ['x-version', ' -3'],
  ['x-version', 'beta'],
  ['x-cluster', 'c0'],
  ['x-cluster', 'nosuch'],
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-for', '10.1.2.3'],
  ['origin', 'http://o.example'],
  ['access-control-request-method', 'GET'],
  ['content-type', 'application/grpc'],
  ['x-draw', '4711'],
  ['x-envoy-fault-abort-request', '429'],
  ['x-envoy-fault-abort-request', 'x'],
  ['x-envoy-fault-abort-request-percentage', '0'],
  ['x-envoy-fault-abort-request-percentage', '30'],
  ['content-length', '0'],
  ['content-length', '11'],
];
export const ORIGINS = [
  ...Array<string>(6).fill('http://o.example'),
  ...Array<string>(4).fill('https://p.example'),
  'null',
  '',
] as const;
export const HEADER_NAMES = [
  'end-user',
  'x-version',
  ':method',
  ':authority',
  'host',
  ':path',
  'x-missing',
  ':scheme',
  'origin',
  'x-envoy-internal',
] as const;
export const WORDS = ['jason', 'Jason', 'JAS', 'son', '', 'GET', 'reviews', '1', '17', 'beta', '/reviews/1'] as const;
export const WORD_PATTERNS = ['ja.*', '(?i)JASON', '\\d+', '.*', '', 'GET|POST', '.+'] as const;
