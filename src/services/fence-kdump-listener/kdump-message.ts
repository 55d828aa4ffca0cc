/** Magic and version at the head of every message of fence_kdump_send(8): two numbers of 32 bits, least byte first. */
const magic = 0x1b302a40;
const version = 1;
const headBytes = 8;

/** Whether a datagram is a message of a host that writes its crash dump. What follows the head has no meaning. */
export const isKdumpMessage = (datagram: Buffer): boolean =>
  datagram.length >= headBytes && datagram.readUInt32LE(0) === magic && datagram.readUInt32LE(4) === version;
