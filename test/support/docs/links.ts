import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { inRepository, readPage } from './block.js';

/** The links of a page that lead nowhere in the repository: to a file, or to a heading of a page. */
export function brokenLinks(page: string, markdown = readPage(page)): readonly string[] {
  const prose = markdown.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(page, link));
}

/** The paths that a page links to, from the root of the repository. */
export function linkedPages(page: string): ReadonlySet<string> {
  const links = [...readPage(page).matchAll(/\]\(([^)\s#]+)/g)].map(([, link = '']) => link);
  return new Set(links.map((link) => normalize(join(dirname(page), link))));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', fragment] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(inRepository(target))) return false;
  return fragment === undefined || !target.endsWith('.md') || anchorsOf(target).has(fragment);
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = readFileSync(inRepository(page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
