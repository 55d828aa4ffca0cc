import { type Step, type Summary, type View, type HostReader, message, plugin } from '#kit';
import { writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { isWholeHost } from '../environment/settings.ts';
import { isEnrolled, nodeHere } from '../node/settings.ts';
import { opened, serviceXml } from './firewalld.ts';
import { acceptChanges, reviewChanges } from './iptables-review.ts';
import { flaws, savedRules } from './iptables-saved.ts';
import { iptablesSteps } from './iptables.ts';
import { driven, managers, otherManagers } from './managers.ts';
import { examples, iptablesExample, manualInstructions } from './manual.ts';
import { instructionsFor } from './others.ts';
import { closings, numbers, openings, portsOf } from './services.ts';
import { firewallManager, isDriven, updateFirewall, validManagers } from './settings.ts';

/** Written whatever was answered: somebody may want them later. */
const exampleFiles = (view: View): readonly Step[] => [
  ...openings(view).map((opening) =>
    writeFile(
      {
        id: `firewall/example-${opening.name}`,
        chapter: 'firewall',
        title: message`Writing an example for firewalld: ${opening.name}`,
        quiet: true,
        needs: ['environment/directories'],
      },
      { path: `${examples}/${opening.name}.xml`, content: serviceXml(opening) },
    ),
  ),
  writeFile(
    {
      id: 'firewall/example-iptables',
      chapter: 'firewall',
      title: 'Writing an example for iptables',
      quiet: true,
      needs: ['environment/directories'],
    },
    {
      path: iptablesExample,
      content: render('firewall/iptables.example', {
        ssh: 22,
        ports: portsOf(openings(view)).map((port) => ({ ...port, port: numbers(port, ':') })),
      }),
    },
  ),
];

const opening = (view: View): Step =>
  opened(
    { id: 'firewall/firewalld', chapter: 'firewall.open', title: 'Opening ports in firewalld', quiet: true },
    { open: openings(view), close: closings(view) },
  );

async function summary(view: View, host: HostReader): Promise<readonly Summary[]> {
  const wanted = openings(view);
  if (wanted.length === 0) return [];
  const others = await instructionsFor(otherManagers(view), wanted, host);
  const byHand = driven.some((name) => isDriven(view, name)) ? [] : manualInstructions(wanted);
  return [{ block: 'firewall', lines: [...byHand, ...others] }];
}

export default plugin({
  name: 'firewall',
  applies: isWholeHost,
  // The classic wizard settles the services of the firewall in this section; it has a title and no question.
  sections: ['system'],
  facts: [managers, savedRules],
  settings: [validManagers, updateFirewall, firewallManager, reviewChanges, acceptChanges],
  preflight: (view) => Promise.resolve(isDriven(view, 'iptables') ? flaws(view) : []),
  steps: (view) =>
    // Of a node that is set up again nothing is closed while its certificate is looked at.
    nodeHere(view) && !isEnrolled(view)
      ? []
      : [
          ...exampleFiles(view),
          ...(isDriven(view, 'firewalld') ? [opening(view)] : []),
          ...(isDriven(view, 'iptables') ? iptablesSteps(view) : []),
        ],
  summary,
});
