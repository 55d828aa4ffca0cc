/** A processor type that clusters can have. */
export interface Processor {
  readonly name: string;
  /** What a host must report to have it: flags of the processor, and what libvirt can make a guest see. */
  readonly flags: readonly string[];
}

const processor = (name: string, flags: string): Processor => ({ name, flags: flags.split(' ') });

/** Processor types of all levels, from the oldest to the newest of each vendor. */
export const processors: readonly Processor[] = [
  processor('Intel Nehalem Family', 'vmx nx model_Nehalem'),
  processor('Secure Intel Nehalem Family', 'vmx spec_ctrl ssbd md_clear model_Nehalem'),
  processor('Intel Westmere Family', 'aes vmx nx model_Westmere'),
  processor('Secure Intel Westmere Family', 'aes vmx spec_ctrl ssbd md_clear model_Westmere'),
  processor('Intel SandyBridge Family', 'vmx nx model_SandyBridge'),
  processor('Secure Intel SandyBridge Family', 'vmx spec_ctrl ssbd md_clear model_SandyBridge'),
  processor('Intel IvyBridge Family', 'vmx nx model_IvyBridge'),
  processor('Secure Intel IvyBridge Family', 'vmx spec_ctrl ssbd md_clear model_IvyBridge'),
  processor('Intel Haswell Family', 'vmx nx model_Haswell-noTSX'),
  processor('Secure Intel Haswell Family', 'vmx spec_ctrl ssbd md_clear model_Haswell-noTSX'),
  processor('Intel Broadwell Family', 'vmx nx model_Broadwell-noTSX'),
  processor('Secure Intel Broadwell Family', 'vmx spec_ctrl ssbd md_clear model_Broadwell-noTSX'),
  processor('Intel Skylake Client Family', 'vmx nx model_Skylake-Client'),
  processor('Secure Intel Skylake Client Family', 'vmx spec_ctrl ssbd md_clear model_Skylake-Client-noTSX-IBRS'),
  processor('Intel Skylake Server Family', 'vmx nx model_Skylake-Server'),
  processor('Secure Intel Skylake Server Family', 'vmx ssbd md_clear model_Skylake-Server-noTSX-IBRS'),
  processor('Intel Cascadelake Server Family', 'vmx model_Cascadelake-Server'),
  processor('Secure Intel Cascadelake Server Family', 'vmx md-clear mds-no model_Cascadelake-Server-noTSX'),
  processor('AMD Opteron G4', 'svm nx model_Opteron_G4'),
  processor('AMD Opteron G5', 'svm nx model_Opteron_G5'),
  processor('AMD EPYC', 'svm nx model_EPYC'),
  processor('Secure AMD EPYC', 'svm nx ibpb ssbd model_EPYC'),
];

/** The newest type that flags are enough for; null if none is. */
export const processorOf = (flags: ReadonlySet<string>): Processor | null =>
  processors.findLast((one) => one.flags.every((flag) => flags.has(flag))) ?? null;
