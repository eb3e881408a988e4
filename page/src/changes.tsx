import type { Release, SnapshotChanges, Snapshots } from './answers.js';
import { useAnswer } from './live.js';
import { Action, Badge, Table, Time, Trouble, Version } from './parts.js';

/** The last published versions with what each has changed, and what stands between what is wanted and what is served. */
export function ChangeList() {
  const { data, error } = useAnswer<Snapshots>('/snapshots', ['snapshot']);
  const release = useAnswer<Release>('/release', ['release', 'snapshot']);
  return (
    <section aria-labelledby="title">
      <h1 id="title">Changes</h1>
      <Trouble error={error} loading={data === undefined} />
      {release.data !== undefined && <ReleaseState release={release.data} refresh={release.refresh} />}
      <ol class="cards" aria-label="Published versions" aria-live="polite">
        {data?.snapshots.map(({ group, version, at, changes }) => (
          <li key={`${group} ${version} ${at}`} class="card">
            <div class="split">
              <h2>
                <Time at={at} /> <Version version={version} /> <span class="muted">{group}</span>
              </h2>
              <Action
                label="Pin"
                title="Serve this version until it is unpinned"
                path={`/snapshots/${encodeURIComponent(version)}/pin`}
                done={release.refresh}
              />
            </div>
            <Changes changes={changes} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function ReleaseState({ release, refresh }: { release: Release; refresh: () => void }) {
  const { pinned, quarantined, held_back: heldBack, inconsistent, rollout } = release;
  return (
    <>
      {pinned !== null && (
        <p class="note">
          Version <Version version={pinned} /> is pinned: nothing newer is served.{' '}
          <Action label="Unpin" title="Go on to the newest version" path="/unpin" done={refresh} />
        </p>
      )}
      {rollout !== null && (
        <p class="note">
          The newest version is with the first proxies; everyone gets it at <Time at={rollout.everyone_at} />.
        </p>
      )}
      {inconsistent.map(({ type, name, missing }) => (
        <p key={`${type} ${name}`} class="note">
          The newest version is not served: {type} {name} needs {missing.type} {missing.name}, which is
          missing.
        </p>
      ))}
      {quarantined.length > 0 && (
        <>
          <h2>Quarantine</h2>
          <Table
            label="Quarantine"
            head={['Resource', 'Version', 'Served', 'State', 'Group', 'Refused by', 'What it says']}
            rows={quarantined.map(({ type, name, version, served, state, group, node, message }) => [
              `${type} ${name}`,
              <Version key="version" version={version} />,
              <Version key="served" version={served} />,
              <Badge key="state" kind="error">
                {state}
              </Badge>,
              group,
              node,
              message,
            ])}
          />
        </>
      )}
      {heldBack.length > 0 && (
        <>
          <h2>Held back alone</h2>
          <Table
            label="Proxies that are held back alone"
            head={['Proxy', 'Group', 'Why', 'Type', 'Resources', 'What it says']}
            rows={heldBack.map(({ node, group, reason, type, names, message }) => [
              ...[node, group, reason.replaceAll('_', ' '), type, names.join(', '), message],
            ])}
          />
        </>
      )}
    </>
  );
}

const SIGNS = { added: '+', changed: '~', removed: '−' } as const;

function Changes({ changes }: { changes: SnapshotChanges }) {
  return (
    <ul class="diff">
      {Object.entries(changes).flatMap(([type, change]) =>
        (['added', 'changed', 'removed'] as const).map((kind) => {
          const { count, names } = change[kind];
          if (count === 0) return null;
          const more = count > names.length ? ` and ${count - names.length} more` : '';
          return (
            <li key={`${type} ${kind}`} class={kind}>
              <b>
                {SIGNS[kind]}
                {count} {type}
              </b>{' '}
              <span class="long">
                {names.join(', ')}
                {more}
              </span>
            </li>
          );
        }),
      )}
    </ul>
  );
}
