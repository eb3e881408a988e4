import type { Registries } from './answers.js';
import { useAnswer } from './live.js';
import { Action, Badge, Time, Trouble } from './parts.js';

/** The servers of the registries, and what is held back of what they say. */
export function RegistryList() {
  const { data, error, refresh } = useAnswer<Registries>('/registries', ['registry', 'snapshot'], 10_000);
  return (
    <section aria-labelledby="title">
      <h1 id="title">Registries</h1>
      <Trouble error={error} loading={data === undefined} />
      <ul class="cards">
        {data?.registries.map((one) => (
          <li key={`${one.registry} ${one.server}`} class="card">
            <h2>
              {one.registry} <Badge kind={one.state}>{one.state.replace('_', ' ')}</Badge>
            </h2>
            <p class="muted long">{one.server}</p>
            <p>
              {one.services} services, {one.instances} instances, {one.filtered} left out
            </p>
            <p class="muted">
              {one.last_success === null ? (
                'Never answered'
              ) : (
                <>
                  Last answer <Time at={one.last_success} />
                </>
              )}
              {one.revision !== null && `, revision ${one.revision}`}
            </p>
            {one.last_error !== null && (
              <p class={one.state === 'synced' ? 'muted long' : 'trouble long'}>
                <Time at={one.last_error.at} /> {one.last_error.message}
              </p>
            )}
            {one.failing_services !== null && (
              <div class="note">
                <p>{one.failing_services.count} services cannot be read:</p>
                <ul>
                  {one.failing_services.first.map(({ service, message, since }) => (
                    <li key={service} class="long">
                      {service}, since <Time at={since} />: {message}
                    </li>
                  ))}
                </ul>
              </div>
            )}
            {one.held !== null && (
              <div class="note">
                <p>
                  {one.held.instances} instances of {one.held.services} services are missing and served until{' '}
                  <Time at={one.held.until} />.
                </p>
                <Action
                  label="Release"
                  title="Believe the registry: what it has lost is served no more"
                  path={`/registries/${encodeURIComponent(one.registry)}/release`}
                  done={refresh}
                />
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
