import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { keepToken } from './api.js';
import { ChangeList } from './changes.js';
import { LatencyChart } from './latency.js';
import { follow, useConnection } from './live.js';
import { LoadList } from './load.js';
import { ProxyList } from './proxies.js';
import { RegistryList } from './registries.js';
import { ServiceDetail } from './service.js';
import { ServiceList } from './services.js';

const VIEWS = {
  services: ['Services', ServiceList],
  registries: ['Registries', RegistryList],
  proxies: ['Proxies', ProxyList],
  changes: ['Changes', ChangeList],
  latency: ['Latency', LatencyChart],
  load: ['Load', LoadList],
} as const;

const WORDS = {
  connecting: 'connecting',
  live: 'live',
  lost: 'not reachable, trying again',
  token: 'locked',
};

function Page() {
  const connection = useConnection();
  const [view, name] = usePlace();
  const View = VIEWS[view][1];
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <header>
        <strong class="brand">Signalbox</strong>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([key, [title]]) => (
            <a key={key} href={`#/${key}`} aria-current={key === view ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <span role="status" class={`connection ${connection}`}>
          {WORDS[connection]}
        </span>
      </header>
      <main id="main" tabIndex={-1}>
        {connection === 'token' ? (
          <SignIn />
        ) : name === undefined ? (
          <View />
        ) : (
          <ServiceDetail key={name} name={name} />
        )}
      </main>
      <footer>
        <a href="/openapi.json">Description of the API</a>
      </footer>
    </>
  );
}

function SignIn() {
  const [token, setToken] = useState('');
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        keepToken(token);
        location.reload();
      }}
    >
      <h1>Token</h1>
      <p>
        This Signalbox wants the token of its admin API (<code>admin.token</code>).
      </p>
      <input
        type="password"
        aria-label="Token"
        autocomplete="off"
        value={token}
        onInput={(event) => setToken(event.currentTarget.value)}
      />{' '}
      <button type="submit">Open</button>
    </form>
  );
}

/** `#/services/NAME` → the view and, of a service, its name. */
function usePlace(): readonly [keyof typeof VIEWS, string | undefined] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const listener = () => setHash(location.hash);
    addEventListener('hashchange', listener);
    return () => removeEventListener('hashchange', listener);
  }, []);
  const [, key = '', name] = /^#\/(\w+)(?:\/(.+))?$/.exec(hash) ?? [];
  const view = key in VIEWS ? (key as keyof typeof VIEWS) : 'services';
  return [view, view === 'services' && name !== undefined ? decoded(name) : undefined];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function skip(): void {
  document.getElementById('main')?.focus();
}

const root = document.getElementById('page');
if (root !== null) render(<Page />, root);
follow().catch(console.error);
