/** How much strangers may ask for: each network its share, and all of them together. */
export interface Quota {
  /** Whether one more may be taken, which counts it if so. */
  take(network: string): boolean;
}

export interface QuotaLimits {
  readonly windowMs: number;
  readonly ofNetwork: number;
  readonly ofAll: number;
}

/** Makes a quota that begins anew with each window of time. */
export function createQuota({ windowMs, ofNetwork, ofAll }: QuotaLimits, now: () => number): Quota {
  const taken = new Map<string, number>();
  let all = 0;
  let until = 0;
  return {
    take(network) {
      if (now() >= until) {
        taken.clear();
        [all, until] = [0, now() + windowMs];
      }
      const mine = taken.get(network) ?? 0;
      // Whoever is refused is not noted: the map has no more networks than there are places.
      if (mine >= ofNetwork || all >= ofAll) return false;
      taken.set(network, mine + 1);
      all++;
      return true;
    },
  };
}
