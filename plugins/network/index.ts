import { type Problem, type Text, message, plugin, term } from '#kit';
import { isWholeHost } from '../environment/settings.ts';
import { fqdn, httpsPort, isLoopback, nonLoopback, ownName, presentHttpsPort, reverseValidation, stableAddresses } from './settings.ts';

export default plugin({
  name: 'network',
  facts: [ownName, presentHttpsPort, stableAddresses],
  settings: [reverseValidation, nonLoopback, fqdn, httpsPort],
  async preflight(view, host) {
    if (!isWholeHost(view)) return [];
    const reason = async (): Promise<Text | undefined> => {
      const own = await host.network.resolve(await host.network.hostname());
      if (own.length === 0) return 'the own host name cannot be resolved';
      const local = (await host.network.addresses()).filter((address) => !isLoopback(address));
      return own.some((address) => local.includes(address)) ? undefined : 'resolved host does not match any of the local addresses';
    };
    const why = await reason();
    if (why === undefined) return [];
    const found: Problem = {
      id: 'host-name',
      level: 'warning',
      message: message`Cannot validate host name settings, reason: ${term(why)}`,
    };
    return [found];
  },
});
