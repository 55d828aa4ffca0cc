/*
 * The console of a virtual machine in a browser. Where the page stands for one machine, it asks for the ticket and the password itself.
 * Everywhere else, whoever opened this window sends it a message with the ticket for the
 * WebSocket proxy and the password of the display: {"connectionTicket": "...", "password": "..."}. Neither ever stands in
 * an address, where histories and logs would keep it.
 */
import RFB from '/ovirt-engine/services/files/novnc/core/rfb.js';

const element = (id) => document.getElementById(id);
const [screen, status, ctrlAltDel, fullScreen] = ['screen', 'status', 'ctrl-alt-del', 'full-screen'].map(element);
const query = new URLSearchParams(location.search);
const { machine, formToken } = document.body.dataset;

const tell = (text, isProblem = false) => {
  status.textContent = text;
  status.classList.toggle('problem', isProblem);
};

/**
 * Where the proxy is: at `host` and `port` of the address; else, if the web server of this page leads to it, there, so that one certificate is
 * to be trusted; else where this page comes from, on the usual port.
 */
const proxyUrl = (ticket) => {
  const { proxyPath } = document.body.dataset;
  if (proxyPath && !query.has('host') && !query.has('port')) return `wss://${location.host}${proxyPath}${encodeURIComponent(ticket)}`;
  const host = query.get('host') || location.hostname;
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `wss://${bracketed}:${query.get('port') || '6100'}/${encodeURIComponent(ticket)}`;
};

/** Older portals send the message as text. */
const read = (data) => {
  try {
    const { connectionTicket, password } = typeof data === 'string' ? JSON.parse(data) : data;
    if (typeof connectionTicket !== 'string' || connectionTicket === '') return null;
    return { ticket: connectionTicket, password: typeof password === 'string' ? password : '' };
  } catch {
    return null;
  }
};

const connect = ({ ticket, password, url = proxyUrl(ticket) }) => {
  tell('Connecting.');
  const console = new RFB(screen, url, { credentials: { password }, wsProtocols: ['binary'] });
  console.scaleViewport = true;
  let problem = null;
  console.addEventListener('connect', () => {
    tell('Connected.');
    ctrlAltDel.disabled = false;
    console.focus();
  });
  console.addEventListener('credentialsrequired', () => {
    problem = 'The display asks for a password that the portal has not sent.';
    console.disconnect();
  });
  console.addEventListener('securityfailure', ({ detail }) => {
    problem = `The display refuses the connection: ${detail.reason || 'the password is wrong or has expired'}.`;
  });
  console.addEventListener('desktopname', ({ detail }) => {
    if (!query.has('title') && !machine) name(detail.name);
  });
  console.addEventListener('disconnect', ({ detail }) => {
    ctrlAltDel.disabled = true;
    const ended = detail.clean
      ? 'The console was closed.'
      : `The connection was lost, or was refused. ${machine ? 'Load this page again.' : 'Open the console again from the portal.'}`;
    tell(problem ?? ended, problem !== null || !detail.clean);
  });
  ctrlAltDel.addEventListener('click', () => {
    console.sendCtrlAltDel();
    console.focus();
  });
};

/** Asks the engine for what opens the machine of this page. */
const open = async () => {
  tell('Opening the console.');
  try {
    const body = new URLSearchParams({ form_token: formToken });
    const answer = await fetch(`/ovirt-engine/services/console/${machine}/ticket`, { method: 'POST', body, redirect: 'error' });
    const { message, title, ticket, password, proxy } = await answer.json();
    if (!answer.ok) return tell(message, true);
    name(title);
    connect({ password, url: `${proxy.startsWith('/') ? `wss://${location.host}` : ''}${proxy}${encodeURIComponent(ticket)}` });
  } catch {
    tell('The engine does not answer as it should, or the login is over. Load this page again.', true);
  }
};

const name = (title) => {
  element('title').textContent = title;
  document.title = title;
};

const listen = (event) => {
  // Only the window that opened this one, and only if it is one of ours.
  if (event.origin !== location.origin || event.source !== window.opener) return;
  const message = read(event.data);
  if (message === null) return;
  window.removeEventListener('message', listen);
  connect(message);
};

fullScreen.addEventListener('click', () => {
  if (document.fullscreenElement) void document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => tell('The browser does not allow full screen.', true));
});

name(query.get('title') || 'Console');
if (machine) void open();
else if (window.opener === null) tell('This page is opened by the portal: choose Console there.', true);
else {
  window.addEventListener('message', listen);
  // A portal that waits for it need not guess when somebody listens here.
  window.opener.postMessage({ type: 'console-ready' }, location.origin);
}
