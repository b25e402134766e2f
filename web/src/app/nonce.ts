/** The nonce that the server put into this answer: what writes style sheets must show it. */
export const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

// The scroll lock under Drawer and Modal looks for it here.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce;
