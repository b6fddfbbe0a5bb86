// Gives programs the WebSocket that browsers and newer versions of Node.js have.
globalThis.WebSocket ??= require('ws');
