/** Sent with every answer. Pages need no script, and nothing of ours belongs in a frame or a shared cache. */
export const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: with that, browsers send `Origin: null` with our own forms, which the login must refuse.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * RFC 6797: for a year, browsers come to this name over TLS alone, and let nobody click a warning away. It holds for every port of the
 * name, so it is only sent with a certificate that does not depend on our own authority; names below this one are not ours to speak for.
 */
export const strictTransportSecurity = { 'strict-transport-security': 'max-age=31536000' } as const;
