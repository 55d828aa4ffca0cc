import { readFile } from 'node:fs/promises';
import type { FastifyReply } from 'fastify';
import Handlebars from 'handlebars';
import type { Version } from '../version.ts';

/** What each page shows. Everything is escaped for HTML when it is filled in. */
export interface PageData {
  readonly welcome: {
    readonly banner: string | null;
    readonly user: string | null;
    readonly formToken: string | null;
    /** In pairs of digits, between which the line may break. */
    readonly fingerprint: readonly string[] | null;
    readonly database: boolean;
  };
  readonly login: {
    readonly message: string | null;
    readonly notice: string | null;
    readonly username: string;
    readonly formToken: string;
    readonly wayBack: string | null;
  };
  readonly password: {
    readonly messages: readonly string[];
    readonly username: string;
    readonly formToken: string;
    readonly wayBack: string | null;
  };
  readonly logout: { readonly user: string; readonly formToken: string };
  readonly problem: { readonly heading: string; readonly message: string };
}

type PageName = keyof PageData;

const titles: Readonly<Record<PageName, string>> = {
  welcome: 'Engine',
  login: 'Log in - Engine',
  password: 'Change password - Engine',
  logout: 'Log out - Engine',
  problem: 'Problem - Engine',
};

export interface Pages {
  send<Name extends PageName>(reply: FastifyReply, name: Name, data: PageData[Name]): FastifyReply;
}

/** Compiles the templates that lie beside this file. */
export async function loadPages(version: Version): Promise<Pages> {
  const handlebars = Handlebars.create();
  handlebars.registerHelper('urlEncoded', (text: string) => encodeURIComponent(text));
  const load = async (name: string): Promise<Handlebars.TemplateDelegate> =>
    handlebars.compile(await readFile(new URL(`${name}.hbs`, import.meta.url), 'utf8'), { strict: true });
  const [layout, welcome, login, password, logout, problem] = await Promise.all([
    load('layout'),
    load('welcome'),
    load('login'),
    load('password'),
    load('logout'),
    load('problem'),
  ]);
  const templates: Readonly<Record<PageName, Handlebars.TemplateDelegate>> = { welcome, login, password, logout, problem };
  return {
    send: (reply, name, data) =>
      reply
        .header('content-type', 'text/html; charset=utf-8')
        .send(layout({ title: titles[name], version: version.own, content: templates[name](data) })),
  };
}
