import { conditionOf } from '../sso/directory-search.ts';
import type { Arguments } from './arguments.ts';
import { userAttributes } from './entries.ts';
import { describeGroups } from './groups.ts';
import { misuse } from '../tool.ts';
import { describeUsers, type ToolParts } from './users.ts';

/** Shows users or groups whose attributes fit a pattern such as `name=adm*` or `department=R*`. */
export async function query(given: Arguments, { database }: ToolParts): Promise<string> {
  const what = given.text('what');
  if (what !== 'user' && what !== 'group') throw misuse('--what is user or group.');
  const [, field = 'name', text = '*'] = /^(?:(\w+)=)?([^]*)$/.exec(given.text('pattern') ?? 'name=*') ?? [];
  if (field !== 'name' && !userAttributes.some((one) => one === field))
    throw misuse(`--pattern is NAME=PATTERN; the names are name, ${userAttributes.join(', ')}.`);
  const { condition, values } = conditionOf({ pattern: text, field }, what);
  return (await (what === 'user' ? describeUsers : describeGroups)(database, condition, values)).join('\n');
}
