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
