import { writeSync } from 'node:fs';

const mostWaiting = 1000;

/** A log whose disk may be full for a while: what does not fit waits in memory. Nothing here ever throws. */
export interface PatientLog {
  write(line: string): void;
  /** Tries again what waits. */
  retry(): void;
}

/** @param write writes some of the bytes and returns how many, or throws */
export function patientLog(write: (bytes: Buffer) => number = (bytes) => writeSync(1, bytes)): PatientLog {
  let waiting: Buffer[] = [];
  let dropped = 0;

  function retry(): void {
    try {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const rest = next.subarray(write(next));
        // Half a line may have fitted.
        if (rest.length > 0) waiting[0] = rest;
        else waiting.shift();
        if (rest.length === next.length) return;
      }
      if (dropped > 0) {
        waiting = [Buffer.from(`${dropped} lines were lost, because they could not be written\n`)];
        dropped = 0;
        retry();
      }
    } catch {
      // Later.
    }
  }

  return {
    write(line) {
      if (waiting.length < mostWaiting) waiting.push(Buffer.from(`${new Date().toISOString()} ${line}\n`));
      else dropped++;
      retry();
    },
    retry,
  };
}
